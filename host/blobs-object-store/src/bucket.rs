//! Blobs as objects of a bucket that many hosts share.

mod editions;
mod inventory;
pub(crate) mod settings;
mod writer;

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path as Key;
use simulay_blobs::{BlobError, BlobStream, BlobWriter, Blobs, PieceSource, PieceWriter, Whole, outgoing};
use simulay_model::Digest;

use crate::failure::blocking;
use crate::reader::piece;
use crate::staging::Staging;
use editions::Editions;
use settings::BucketSettings;
use writer::{BucketSink, PIECE};

/// Bytes read at a time: each time is a request.
const READ_PIECE: u64 = 1024 * 1024;

/// Blobs in a bucket. They age by the clock of the storage.
pub struct BucketBlobs {
    editions: Editions,
}

/// A bucket that is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no bucket {0}; make it, or correct its name, region and path_style")]
struct NoBucket(String);

impl BucketBlobs {
    /// Opens a bucket, which must be there.
    ///
    /// # Errors
    /// When the settings are none, or the bucket does not answer or cannot be written to.
    pub async fn open(settings: &BucketSettings) -> Result<Self, BlobError> {
        let editions = Editions::new(Arc::new(settings.storage()?));
        match editions.now().await {
            Err(BlobError::NotFound) => Err(BlobError::of(NoBucket(settings.bucket.clone()))),
            looked => looked.map(|_| Self { editions }),
        }
    }
}

#[async_trait]
impl Blobs for BucketBlobs {
    async fn scratch(&self) -> Result<File, BlobError> {
        blocking(tempfile::tempfile).await?.map_err(BlobError::of)
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        let (editions, staging) = (self.editions.clone(), Staging::new(self.editions.objects().clone()));
        Ok(Box::new(PieceWriter::new(BucketSink { editions, staging }, PIECE)))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.editions.youngest(blob).await?.map(|edition| edition.size))
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        self.editions.renew(blob).await
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let edition = self.editions.youngest(blob).await?.ok_or(BlobError::NotFound)?;
        let source = BucketSource { editions: self.editions.clone(), blob, key: edition.location };
        Ok(outgoing(Whole { blob, size: edition.size }, range, source))
    }
}

struct BucketSource {
    editions: Editions,
    blob: Digest,
    key: Key,
}

#[async_trait]
impl PieceSource for BucketSource {
    /// An edition may give way to a younger one while it is read: their bytes are the same.
    async fn piece(&mut self, left: Range<u64>) -> Result<Bytes, BlobError> {
        loop {
            match piece(self.editions.objects(), &self.key, left.clone(), READ_PIECE).await {
                Err(BlobError::NotFound) => self.follow().await?,
                read => return read,
            }
        }
    }
}

impl BucketSource {
    async fn follow(&mut self) -> Result<(), BlobError> {
        let found = self.editions.youngest(self.blob).await?;
        let younger = found.map(|edition| edition.location).filter(|key| *key != self.key);
        self.key = younger.ok_or(BlobError::NotFound)?;
        Ok(())
    }
}
