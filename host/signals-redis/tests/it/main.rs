//! What is promised of signals, logs and rates between processes, over a real Redis server.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

mod conformance;
mod encrypted;
mod logs;
mod rates;
mod redis_server;
mod signals;
