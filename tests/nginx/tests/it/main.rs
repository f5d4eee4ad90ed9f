//! nginx itself, with the files that are deployed, before replicas that do as they are told.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod headers;
mod logs;
mod proxy;
mod replica;
mod retries;
mod streams;
