//! The store: what is asked of blobs.

use std::fs;
use std::ops::Range;

use async_trait::async_trait;
use mongodb::Database;
use simulay_blobs::{BlobError, BlobStream, BlobWriter, Blobs, PieceWriter, Whole, outgoing};
use simulay_model::Digest;

use crate::bucket::Bucket;
use crate::reader::Download;
use crate::writer::{PIECE, Upload};

/// Blobs in the GridFS bucket `blobs` of a database. They age by the clock of its server.
#[derive(Clone)]
pub struct GridFsBlobs {
    pub(crate) bucket: Bucket,
}

impl GridFsBlobs {
    /// Opens the bucket of a database, and makes its indexes when there are none.
    ///
    /// # Errors
    /// When the server does not answer, or has other indexes of these names.
    pub async fn open(database: &Database) -> Result<Self, BlobError> {
        let bucket = Bucket::of(database);
        bucket.files.prepare().await?;
        bucket.chunks.prepare().await?;
        Ok(Self { bucket })
    }
}

#[async_trait]
impl Blobs for GridFsBlobs {
    async fn scratch(&self) -> Result<fs::File, BlobError> {
        let made = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(BlobError::of)?;
        made.map_err(BlobError::of)
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        Ok(Box::new(PieceWriter::new(Upload::new(self.bucket.clone()), PIECE)))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.bucket.files.get(blob).await?.map(|file| file.size))
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.bucket.files.keep(blob).await?.map(|file| file.size))
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let file = self.bucket.files.get(blob).await?.ok_or(BlobError::NotFound)?;
        let whole = Whole { blob, size: file.size };
        Ok(outgoing(whole, range, Download { bucket: self.bucket.clone(), blob, file }))
    }
}
