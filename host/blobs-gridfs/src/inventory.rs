//! Which blobs there are, and which go.

use std::time::Duration;

use async_trait::async_trait;
use simulay_blobs::{BlobError, BlobInventory, StoredBlob};
use simulay_model::Digest;

use crate::blobs::GridFsBlobs;
use crate::files::Listed;

/// Who has not finished a blob within a day never will.
const UNFINISHED: Duration = Duration::from_secs(24 * 60 * 60);

#[async_trait]
impl BlobInventory for GridFsBlobs {
    /// Whoever collects lists first: what others left unfinished goes then, too.
    async fn list(&self) -> Result<Vec<StoredBlob>, BlobError> {
        for file in self.bucket.files.left_behind(UNFINISHED).await? {
            self.bucket.remove_going(file.id).await?;
        }
        Ok(self.bucket.files.list().await?.into_iter().map(Listed::stored).collect())
    }

    async fn remove(&self, blob: Digest, age: Duration) -> Result<bool, BlobError> {
        let Some(file) = self.bucket.files.end(blob, age).await? else { return Ok(false) };
        // It is gone by now: what is left of it is nobody's, and goes later when it cannot go at once.
        if let Err(error) = self.bucket.remove_going(file.id).await {
            tracing::warn!(%blob, %error, "the bytes of a blob that is gone stay for a while");
        }
        Ok(true)
    }

    async fn free(&self) -> Result<Option<u64>, BlobError> {
        Ok(None)
    }
}

impl Listed {
    fn stored(self) -> StoredBlob {
        let age = Duration::from_millis(u64::try_from(self.age).unwrap_or_default());
        StoredBlob { blob: self.blob, size: self.size, age }
    }
}
