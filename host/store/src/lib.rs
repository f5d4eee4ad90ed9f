//! Records, events and artifacts: ports and their adapters.

mod backup;
mod blobs;
mod directory;
mod error;
mod memory;
mod observed;
mod open;
mod port;
mod requests;
mod reserve;
mod retention;
mod space;
mod sqlite;

pub use backup::{Copied, Identity, back_up, restore};
pub use blobs::ObjectBlobs;
pub use error::StoreError;
pub use memory::MemoryStore;
pub use open::{Snapshot, open, open_with, snapshot};
pub use port::{Added, BlobStream, BlobWriter, Blobs, Journal, Lease, Plugins, Renewed, RunQuery, Runs};
pub use requests::{Claim, Outcome, Remembered, RequestKey, Requests};
pub use retention::{Left, Retention, Shelved, Shelves};
pub use space::Space;
pub use sqlite::SqliteStore;
