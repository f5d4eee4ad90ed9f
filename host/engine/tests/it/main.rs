//! What the engine does, over a real store, with scripted plugins and containers.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail like tests")]

mod accounts;
mod audit;
mod away;
mod house;
mod life;
mod quotas;
mod recovery;
mod relay;
mod retention;
mod reuse;
mod runs;
mod sessions;
mod sweeps;
mod two_hosts;
mod upkeep;
