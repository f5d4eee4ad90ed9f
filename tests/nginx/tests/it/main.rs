//! nginx itself, with the file that is deployed, before replicas that do as they are told.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod headers;
mod proxy;
mod replica;
mod retries;
mod streams;
