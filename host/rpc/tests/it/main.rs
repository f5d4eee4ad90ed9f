//! The ports over real connections.

#![cfg(test)]

mod authority;
mod containers;
mod cuts;
mod failures;
mod golden;
mod hostile;
mod pressure;
mod process;
mod protocol;
mod proxy;
mod raw;
mod renewal;
mod rig;
mod sandbox;
