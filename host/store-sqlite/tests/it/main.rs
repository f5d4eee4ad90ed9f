//! The store as the engine sees it: through its ports, over a real directory.

#![cfg(test)]

mod backup;
mod blobs;
mod crash;
mod directory;
mod disk;
mod earlier;
mod injected;
mod journal;
mod leases;
mod plugins;
mod requests;
mod retention;
mod runs;
mod samples;
