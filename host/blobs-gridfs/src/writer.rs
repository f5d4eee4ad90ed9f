//! Blobs on their way in.

use async_trait::async_trait;
use bytes::Bytes;
use mongodb::bson::oid::ObjectId;
use simulay_blobs::{BlobError, PieceSink, Whole};
use tokio::runtime::Handle;

use crate::bucket::Bucket;
use crate::chunks::CHUNK;
use crate::files::Publication;

/// Bytes written at a time; the most of a blob on its way in that is in memory.
pub(crate) const PIECE: usize = 4 * CHUNK;

/// One blob on its way in: a file that is whole before it has an address.
pub(crate) struct Upload {
    bucket: Bucket,
    file: Option<ObjectId>,
    chunks: u64,
    /// Chunks were sent, and it is not known whether they came.
    under_way: bool,
}

/// An upload took so long that its file was removed.
#[derive(Debug, thiserror::Error)]
#[error("the upload took more than a day, and what had come of it was removed")]
struct Abandoned;

impl Upload {
    pub(crate) fn new(bucket: Bucket) -> Self {
        Self { bucket, file: None, chunks: 0, under_way: false }
    }

    async fn add(&mut self, piece: &Bytes) -> Result<ObjectId, BlobError> {
        let file = match self.file {
            Some(file) => file,
            None => *self.file.insert(self.bucket.files.begin().await?),
        };
        self.under_way = true;
        self.chunks += self.bucket.chunks.add(file, self.chunks, piece).await?;
        self.under_way = false;
        Ok(file)
    }

    /// Makes the file the blob. Where another is the blob by now, that one is kept.
    async fn store(&mut self, file: ObjectId, whole: Whole) -> Result<(), BlobError> {
        loop {
            match self.bucket.files.publish(file, whole).await? {
                Publication::Stored => {
                    self.file = None;
                    return Ok(());
                }
                Publication::Abandoned => return Err(BlobError::of(Abandoned)),
                // The other may have been collected meanwhile: then this one takes its place.
                Publication::Occupied if self.bucket.files.keep(whole.blob).await?.is_none() => {}
                Publication::Occupied => return Ok(()),
            }
        }
    }
}

#[async_trait]
impl PieceSink for Upload {
    async fn take(&mut self, piece: Bytes) -> Result<(), BlobError> {
        self.add(&piece).await.map(|_| ())
    }

    async fn publish(mut self, rest: Bytes, whole: Whole) -> Result<(), BlobError> {
        let begun = self.file.is_some();
        // What is there already is not sent once more.
        if !begun && self.bucket.files.keep(whole.blob).await?.is_some() {
            return Ok(());
        }
        let file = self.add(&rest).await?;
        self.store(file, whole).await
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (Some(file), Ok(runtime)) = (self.file.take(), Handle::try_current()) else { return };
        let (bucket, under_way) = (self.bucket.clone(), self.under_way);
        runtime.spawn(async move {
            if let Err(error) = bucket.discard(file, under_way).await {
                tracing::warn!(%file, %error, "an unfinished blob stays until it is collected");
            }
        });
    }
}
