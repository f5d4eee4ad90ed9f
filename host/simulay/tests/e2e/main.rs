//! The main job, end to end: the real host, real plugins, real Docker, real Octave, over REST.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

mod authors;
mod contract;
mod crash;
mod distribution;
mod endings;
mod fields;
mod folders;
mod host;
mod identity;
mod isolation;
mod life;
mod octave;
mod other_version;
mod ownership;
mod pipelines;
mod sandbox;
mod sweeps;
mod upgrade;
