//! nginx itself, with the file that is deployed, before replicas that do as they are told.

mod headers;
mod proxy;
mod replica;
mod retries;
mod streams;
