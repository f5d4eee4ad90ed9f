//! Servers that backends are tested against: each is a process of one test, listens on loopback at a port that was
//! free, keeps what it has in a folder of its own, and ends with the thread that started it. `cargo xtask setup`
//! fetches them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a server that does not start fails the test")]

mod bucket;
mod mongodb;
mod process;
mod registry;

pub use bucket::BucketServer;
pub use mongodb::MongoServer;
pub use registry::RegistryServer;
