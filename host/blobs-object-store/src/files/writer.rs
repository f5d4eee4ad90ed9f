//! Blobs on their way into a directory.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use simulay_blobs::{BlobError, PieceSink, Whole};
use tokio::sync::RwLock;

use super::layout::{Stamp, key};
use crate::failure::{blocking, of_object};
use crate::staging::Staging;

/// Bytes written at a time. Of a blob on its way in two pieces are in memory: one comes while the other is written.
pub(crate) const PIECE: usize = 512 * 1024;

/// One blob on its way in. A small one is put at once; a large one is moved to its address when it is whole.
pub(crate) struct FileSink {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) staging: Staging,
    pub(crate) removal: Arc<RwLock<()>>,
    pub(crate) stamp: Stamp,
}

#[async_trait]
impl PieceSink for FileSink {
    async fn take(&mut self, piece: Bytes) -> Result<(), BlobError> {
        self.staging.take(piece).await
    }

    /// Equal bytes that are there already are replaced, which does no harm and mends damage.
    async fn publish(self, rest: Bytes, whole: Whole) -> Result<(), BlobError> {
        let Self { objects, staging, removal, stamp } = self;
        let staged = staging.whole(rest.clone()).await?;
        let _shared = removal.read().await;
        match staged {
            None => objects.put(&key(whole.blob), rest.into()).await.map(|_| ()),
            Some(staged) => settle(&*objects, &staged, &key(whole.blob)).await,
        }
        .map_err(of_object)?;
        // Without it the file carries the time of the clock, and stays a while longer or shorter.
        if let Err(error) = blocking(move || stamp.touch(whole.blob)).await? {
            tracing::warn!(blob = %whole.blob, %error, "a blob is not stamped");
        }
        Ok(())
    }
}

async fn settle(objects: &dyn ObjectStore, staged: &Key, key: &Key) -> object_store::Result<()> {
    let moved = objects.rename(staged, key).await;
    if moved.is_err() {
        // The first error is the one to tell; what stays is removed at the next start.
        let _ = objects.delete(staged).await;
    }
    moved
}
