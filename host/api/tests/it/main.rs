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
mod documents;
mod events;
mod every_route;
mod hostile;
mod house;
mod inputs;
mod keeping;
mod lives;
mod logs;
mod owners;
mod pipelines;
mod plugins;
mod quotas;
mod repeats;
mod roles;
mod runs;
mod scripts;
mod serving;
mod system;
mod usage;
