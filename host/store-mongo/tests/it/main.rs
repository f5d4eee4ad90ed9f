//! The store as the engine sees it: through its ports, over a server that speaks MongoDB's protocol.

#![cfg(test)]

mod conformance;
mod deletion;
mod faults;
mod labelling;
mod large;
mod leases;
mod opening;
mod racing;
mod server;
mod together;
mod transfer;
