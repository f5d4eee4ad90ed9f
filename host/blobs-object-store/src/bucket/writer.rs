//! Blobs on their way into a bucket.

use async_trait::async_trait;
use bytes::Bytes;
use object_store::ObjectStoreExt as _;
use simulay_blobs::{BlobError, PieceSink, Whole};

use super::editions::Editions;
use crate::staging::Staging;

/// Bytes written at a time, the fewest that S3 takes as a part; twice as many of a blob on its way in are in memory.
pub(crate) const PIECE: usize = 5 * 1024 * 1024;

/// One blob on its way in. A small one is put at once; of a large one an edition is made when it is whole.
pub(crate) struct BucketSink {
    pub(crate) editions: Editions,
    pub(crate) staging: Staging,
}

/// What had come of a blob was removed while its last bytes came.
#[derive(Debug, thiserror::Error)]
#[error("the upload took more than a day, and what had come of it was removed")]
struct Abandoned;

#[async_trait]
impl PieceSink for BucketSink {
    async fn take(&mut self, piece: Bytes) -> Result<(), BlobError> {
        self.staging.take(piece).await
    }

    async fn publish(self, rest: Bytes, whole: Whole) -> Result<(), BlobError> {
        let Self { editions, staging } = self;
        let Some(staged) = staging.whole(rest.clone()).await? else {
            return editions.add(rest.into(), whole.blob).await;
        };
        let added = editions.add_copy(&staged, whole.blob).await;
        if let Err(error) = editions.objects().delete(&staged).await {
            tracing::warn!(key = %staged, %error, "what a blob was made from stays for a day");
        }
        added.map_err(
            |error| if matches!(error, BlobError::NotFound) { BlobError::of(Abandoned) } else { error },
        )
    }
}
