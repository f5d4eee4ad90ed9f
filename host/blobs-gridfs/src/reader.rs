//! Blobs on their way out.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use simulay_blobs::{BlobError, PieceSource};
use simulay_model::Digest;

use crate::bucket::Bucket;
use crate::files::File;

/// The file of a blob, read chunk by chunk: no cursor waits at the server for a reader who takes his time.
pub(crate) struct Download {
    pub(crate) bucket: Bucket,
    pub(crate) blob: Digest,
    pub(crate) file: File,
}

#[async_trait]
impl PieceSource for Download {
    async fn piece(&mut self, left: Range<u64>) -> Result<Bytes, BlobError> {
        let size = self.file.chunk;
        let n = left.start.checked_div(size).ok_or(BlobError::Corrupt(self.blob))?;
        let Some(chunk) = self.bucket.chunks.get(self.file.id, n).await? else { return self.missing().await };
        let begin = n.saturating_mul(size);
        if chunk.len() as u64 != size.min(self.file.size.saturating_sub(begin)) {
            return Err(BlobError::Corrupt(self.blob));
        }
        let within = |offset: u64| usize::try_from(offset - begin).unwrap_or(usize::MAX).min(chunk.len());
        Ok(chunk.slice(within(left.start)..within(left.end)))
    }
}

impl Download {
    /// A chunk is not there: the blob was removed, or it is damaged.
    async fn missing(&self) -> Result<Bytes, BlobError> {
        match self.bucket.files.get(self.blob).await? {
            Some(file) if file == self.file => Err(BlobError::Corrupt(self.blob)),
            _ => Err(BlobError::NotFound),
        }
    }
}
