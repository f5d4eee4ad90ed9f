//! The frames, and the real `simulay-init` as a plain process that speaks them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails like the test itself"
)]

mod boot;
mod ending;
mod frames;
mod harness;
mod inputs;
mod outputs;
mod reattach;
mod run;
