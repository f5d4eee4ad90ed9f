//! Blobs as the engine sees them: through their ports, over a real directory.

#![cfg(test)]

mod collected;
mod conformance;
mod copies;
mod disk;
mod files;
mod samples;
