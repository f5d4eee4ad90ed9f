//! How much room there is for records.

use async_trait::async_trait;

use crate::StoreError;

/// How much room there is for records.
#[async_trait]
pub trait Space: Send + Sync {
    /// Bytes that are free for records.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Unwritable`] when nothing can be stored at the moment.
    async fn free(&self) -> Result<u64, StoreError>;
}
