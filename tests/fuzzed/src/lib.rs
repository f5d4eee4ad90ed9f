//! What the fuzzer does with each input, for ordinary tests to do as well.
//!
//! Each function takes any bytes, gives them to what reads such bytes from outside, and panics when the host
//! is at fault: it crashed, blames itself, or broke a bound. `fuzz/seeds` has inputs to begin with.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "what must not happen fails the test or stops the fuzzer"
)]

mod answer;
mod bounded;
mod frames;
mod manifest;
mod params;
mod sandbox;
pub mod seeds;
mod upload;

pub use frames::frames;
pub use manifest::manifest;
pub use params::params;
pub use upload::upload;
