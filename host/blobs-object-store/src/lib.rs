//! Blobs in an object store. [`ObjectBlobs`] has them as files of one directory, for one host; [`BucketBlobs`] as
//! objects of a bucket that many hosts share, in any storage that speaks S3's protocol.

mod bucket;
mod failure;
mod files;
mod reader;
mod staging;

pub use bucket::BucketBlobs;
pub use bucket::settings::{BucketSettings, Credentials};
pub use files::ObjectBlobs;
pub use files::copies::{BlobCopies, Copied};
pub use files::layout::{file_of, stored_in};
