//! Who uploaded what.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use simulay_model::{AccountName, Digest, OwnerFilter};

use super::{MemoryStore, State};
use crate::{StoreError, Uploads};

#[async_trait]
impl Uploads for MemoryStore {
    async fn record(&self, owner: &AccountName, blobs: Vec<Digest>) -> Result<(), StoreError> {
        self.state().uploads.extend(blobs.into_iter().map(|blob| (owner.clone(), blob)));
        Ok(())
    }

    async fn nameable(
        &self,
        owner: &OwnerFilter,
        mut blobs: Vec<Digest>,
    ) -> Result<HashSet<Digest>, StoreError> {
        let state = self.state();
        blobs.retain(|blob| state.is_nameable(owner, *blob));
        Ok(blobs.into_iter().collect())
    }

    /// Nothing in memory grows old.
    async fn older(&self, _age: Duration) -> Result<HashSet<Digest>, StoreError> {
        Ok(HashSet::new())
    }

    async fn forget_uploads(&self, _blobs: Vec<Digest>, _age: Duration) -> Result<(), StoreError> {
        Ok(())
    }
}

impl State {
    fn is_nameable(&self, owner: &OwnerFilter, blob: Digest) -> bool {
        let uploaded = self.uploads.iter().any(|(by, upload)| *upload == blob && owner.admits(by));
        let uploaded = uploaded && owner.scope().run().is_none();
        let runs = self.runs.values().filter(|entry| entry.is_found(owner));
        uploaded || runs.flat_map(|entry| &entry.artifacts).any(|it| it.artifact.sha256 == blob)
    }
}
