//! Who uploaded what.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use simulay_model::{AccountName, Digest, OwnerFilter, Quotas, Usage};

use super::{MemoryStore, State};
use crate::{StoreError, Upload, Uploads};

#[async_trait]
impl Uploads for MemoryStore {
    async fn record(
        &self,
        owner: &AccountName,
        uploads: Vec<Upload>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        let (now, mut state) = (self.clock.now(), self.state());
        let sizes: HashMap<_, _> = uploads.iter().map(|upload| (upload.sha256, upload.size)).collect();
        let more = sizes.iter().filter(|(blob, _)| !state.keeps(owner, **blob));
        let more = more.map(|(_, size)| *size).sum();
        if more > 0 {
            quotas.admit_upload(&state.present_use(owner, now), more, now)?;
        }
        for (blob, size) in sizes {
            if state.uploads.insert((owner.clone(), blob), size).is_none() {
                state.count(owner, now, Usage::of_upload(size));
            }
        }
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
    pub(super) fn is_nameable(&self, owner: &OwnerFilter, blob: Digest) -> bool {
        let uploaded = self.uploads.keys().any(|(by, upload)| *upload == blob && owner.admits(by));
        let uploaded = uploaded && owner.scope().run().is_none();
        let runs = self.runs.values().filter(|entry| entry.is_found(owner));
        uploaded || runs.flat_map(|entry| &entry.artifacts).any(|it| it.artifact.sha256 == blob)
    }
}
