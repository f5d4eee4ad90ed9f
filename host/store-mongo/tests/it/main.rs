//! The store as the engine sees it: through its ports, over a server that speaks MongoDB's protocol.

#![cfg(test)]

mod conformance;
mod opening;
mod server;
mod together;
