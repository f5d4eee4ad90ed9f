//! The store as the engine sees it: through its ports, over a real directory.

#![cfg(test)]

mod audit;
mod conformance;
mod copies;
mod crash;
mod directory;
mod disk;
mod earlier;
mod injected;
mod requests;
mod restart;
mod retention;
mod samples;
mod stored;
mod transfer;
