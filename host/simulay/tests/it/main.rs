//! The command as its users meet it; nothing here needs Docker.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails like the test itself")]

mod accounts;
mod audit;
mod cluster;
mod command;
mod dev;
mod encrypted;
mod folders;
mod inspecting;
mod keeping;
mod new;
mod risks;
mod serving;
mod usage;
