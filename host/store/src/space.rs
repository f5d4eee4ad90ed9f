//! How much room there is for what is stored.

use async_trait::async_trait;

use crate::StoreError;

/// How much room there is for what is stored.
#[async_trait]
pub trait Space: Send + Sync {
    /// Bytes that are free for records and blobs.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Unwritable`] when nothing can be stored at the moment.
    async fn free(&self) -> Result<u64, StoreError>;
}
