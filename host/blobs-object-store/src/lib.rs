//! Blobs in an object store: the local file system, under `sha256/ab/abcdef…`; what is not whole yet is under
//! `incoming/`.

mod blobs;
mod copies;
mod failure;
mod inventory;
mod layout;
mod reader;
mod writer;

pub use blobs::ObjectBlobs;
pub use copies::{BlobCopies, Copied};
pub use layout::{file_of, stored_in};
