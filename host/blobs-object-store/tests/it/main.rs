//! Blobs as the engine sees them: through their ports, over a real directory, and over a server of buckets.

#![cfg(test)]

mod buckets;
mod collected;
mod conformance;
mod copies;
mod disk;
mod files;
mod samples;
