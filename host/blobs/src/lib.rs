//! Immutable bytes, known by their SHA-256: the port, its errors, blobs in memory, and what every store of
//! blobs must do.

pub mod conformance;
mod error;
mod inventory;
mod memory;
mod port;

pub use error::{BlobError, Cause};
pub use inventory::{BlobInventory, StoredBlob};
pub use memory::MemoryBlobs;
pub use port::{BlobStream, BlobWriter, Blobs};
