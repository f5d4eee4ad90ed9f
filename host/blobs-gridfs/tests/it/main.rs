//! Blobs as the engine sees them: through their ports, over a server that speaks MongoDB's protocol.

#![cfg(test)]

mod conformance;
mod files;
mod house;
mod leftovers;
