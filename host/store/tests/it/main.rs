//! The store as the engine sees it: through its ports, over a real directory.

#![cfg(test)]

mod blobs;
mod crash;
mod directory;
mod journal;
mod plugins;
mod requests;
mod runs;
mod samples;
