//! Records, events and artifacts: ports and their adapters.

mod blobs;
mod directory;
mod error;
mod open;
mod port;
mod requests;
mod sqlite;

pub use blobs::ObjectBlobs;
pub use error::StoreError;
pub use open::{open, open_with};
pub use port::{
    Added, BlobStream, BlobWriter, Blobs, Journal, Lease, Leases, Plugins, RunQuery, Runs, Standing,
};
pub use requests::{Claim, Outcome, Remembered, RequestKey, Requests};
pub use sqlite::SqliteStore;
