//! Which blobs there are, and which go.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use object_store::path::Path as Key;
use simulay_blobs::{BlobError, BlobInventory, StoredBlob};
use simulay_model::Digest;

use super::BucketBlobs;
use super::editions::{Moment, blob_of};
use crate::staging::INCOMING;

/// Who has not finished a blob within a day never will.
const UNFINISHED: Duration = Duration::from_secs(24 * 60 * 60);

#[async_trait]
impl BlobInventory for BucketBlobs {
    /// Whoever collects lists first: what others left unfinished goes then, too.
    async fn list(&self) -> Result<Vec<StoredBlob>, BlobError> {
        let now = self.editions.now().await?;
        self.remove_unfinished(now).await?;
        let mut blobs = BTreeMap::<Digest, StoredBlob>::new();
        for edition in self.editions.all().await? {
            let Some(blob) = blob_of(&edition) else { continue };
            let age = now.age(&edition);
            let listed = blobs.entry(blob).or_insert(StoredBlob { blob, size: edition.size, age });
            listed.age = listed.age.min(age);
        }
        Ok(blobs.into_values().collect())
    }

    async fn remove(&self, blob: Digest, age: Duration) -> Result<bool, BlobError> {
        let editions = self.editions.of(blob).await?;
        let Some(youngest) = editions.last() else { return Ok(false) };
        if self.editions.now().await?.age(youngest) < age {
            return Ok(false);
        }
        self.editions.delete(&editions).await?;
        // An edition that came since is not among those deleted.
        Ok(self.editions.youngest(blob).await?.is_none())
    }

    async fn free(&self) -> Result<Option<u64>, BlobError> {
        Ok(None)
    }
}

impl BucketBlobs {
    async fn remove_unfinished(&self, now: Moment) -> Result<(), BlobError> {
        let mut unfinished = self.editions.list(&Key::from(INCOMING)).await?;
        unfinished.retain(|object| now.age(object) >= UNFINISHED);
        self.editions.delete(&unfinished).await
    }
}
