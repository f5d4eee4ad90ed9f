//! Blobs in GridFS, shared by many hosts. The document of a file says what it is: a file that is not whole yet, the
//! blob at an address, or what is on its way out. It goes from one to the next by one update that names both, so
//! that whoever comes second finds nothing to do. No identifier of a file is ever used again: chunks that a slow
//! host removes are no longer anybody's.

mod blobs;
mod bucket;
mod chunks;
mod failure;
mod files;
mod inventory;
mod reader;
mod writer;

pub use blobs::GridFsBlobs;
