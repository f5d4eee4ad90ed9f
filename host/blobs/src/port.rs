//! What is asked of a store of blobs. It knows nothing of owners: who may name which bytes is a record.

use std::fs::File;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use simulay_model::Digest;

use crate::BlobError;

/// Immutable bytes by SHA-256.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// A file without a name, for what is no blob; its bytes are gone with its last user.
    async fn scratch(&self) -> Result<File, BlobError>;

    /// Begins a blob.
    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError>;

    /// Bytes of a blob, `None` when there is none.
    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError>;

    /// As [`Blobs::size`]; the blob is young again, so that it is not collected before it is named.
    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError>;

    /// The bytes of `range` (all of them without) of a blob.
    ///
    /// # Errors
    /// [`BlobError::NotFound`] when there is none.
    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError>;
}

/// The bytes of a blob, in pieces.
pub type BlobStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// Takes the bytes of one blob; dropped without `finish`, it leaves nothing behind.
#[async_trait]
pub trait BlobWriter: Send {
    /// The next bytes.
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError>;

    /// The address of the bytes that came so far.
    fn digest(&self) -> Digest;

    /// All bytes have come: makes them durable and gives their address and number.
    async fn finish(self: Box<Self>) -> Result<(Digest, u64), BlobError>;
}
