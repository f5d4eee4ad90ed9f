//! The interface from outside, by path and verb.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails like the test itself"
)]

mod archives;
mod artifacts;
mod attacks;
mod audit;
mod compare;
mod crossings;
mod documents;
mod encrypted;
mod events;
mod every_route;
mod hostile;
mod house;
mod inputs;
mod keeping;
mod links;
mod lives;
mod logs;
mod news;
mod owners;
mod page;
mod pipelines;
mod plots;
mod plugins;
mod quotas;
mod rates;
mod repeats;
mod reuse;
mod roles;
mod run_lists;
mod runs;
mod scopes;
mod scripts;
mod serving;
mod sessions;
mod sharing;
mod shipped;
mod sweeps;
mod system;
mod usage;
