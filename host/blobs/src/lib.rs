//! Immutable bytes, known by their SHA-256: the port, its errors, what is the same for every store of blobs,
//! blobs in memory, and what every store must do.

pub mod conformance;
mod error;
mod incoming;
mod inventory;
mod memory;
mod outgoing;
mod port;

pub use error::{BlobError, Cause};
pub use incoming::{PieceSink, PieceWriter, Whole};
pub use inventory::{BlobInventory, StoredBlob};
pub use memory::MemoryBlobs;
pub use outgoing::{PieceSource, outgoing};
pub use port::{BlobStream, BlobWriter, Blobs};
