//! The engine in a world of its own: time is virtual, chance comes from a seed, and the store, Docker,
//! the sandbox and the machines fail as the seed has it. A world has one node ([`story`]) or a fleet of runners and
//! nodes ([`fleet`]).
//!
//! `SIMULAY_SEED=7 cargo test -p simulay-engine --test simulation` replays a seed;
//! `SIMULAY_SEEDS=100000` tries more of them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails like the test itself"
)]

mod backlogs;
mod claims;
mod client;
mod daemon;
mod database;
mod fleet;
mod judge;
mod machine;
mod metering;
mod overview;
mod plugin;
mod replicas;
mod reuse;
mod scale;
mod seeds;
mod shares;
mod stops;
mod story;
mod sweep_steps;
mod sweeps;
mod takeover;
mod world;
