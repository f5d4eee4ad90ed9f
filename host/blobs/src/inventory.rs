//! Which blobs there are, for whoever collects those that nothing names any more.

use std::time::Duration;

use async_trait::async_trait;
use simulay_model::Digest;

use crate::BlobError;

/// The blobs there are, and the room that is left for more.
#[async_trait]
pub trait BlobInventory: Send + Sync {
    /// All blobs.
    async fn list(&self) -> Result<Vec<StoredBlob>, BlobError>;

    /// Removes a blob that was neither stored nor kept for `age`. False when it stays, or there is none.
    async fn remove(&self, blob: Digest, age: Duration) -> Result<bool, BlobError>;

    /// Bytes that are free for blobs; `None` where there is no bound.
    ///
    /// # Errors
    /// [`BlobError::Unwritable`] when nothing can be stored at the moment.
    async fn free(&self) -> Result<Option<u64>, BlobError>;
}

/// A blob that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its address.
    pub blob: Digest,
    /// Bytes.
    pub size: u64,
    /// How long ago it was stored or kept last.
    pub age: Duration,
}
