//! Records, events and artifacts: ports and their adapters.

mod error;
mod port;

pub use error::StoreError;
pub use port::{Added, BlobStream, BlobWriter, Blobs, Journal, Plugins, RunQuery, Runs};
