//! Records, events and artifacts: ports and their adapters.

mod blobs;
mod directory;
mod error;
mod open;
mod port;
mod sqlite;

pub use blobs::ObjectBlobs;
pub use error::StoreError;
pub use open::open;
pub use port::{Added, BlobStream, BlobWriter, Blobs, Journal, Plugins, RunQuery, Runs};
pub use sqlite::SqliteStore;
