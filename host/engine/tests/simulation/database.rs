//! A store as a machine reaches it: each call is answered while virtual time stands still, and fails
//! when the seed has it, before or after it took effect.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use semver::Version;
use simulay_blobs::{BlobError, BlobStream, BlobWriter, Blobs, MemoryBlobs};
use simulay_model::{
    AccountName, CallRecord, Description, Digest, Effects, Event, OwnerFilter, Plugin, PluginEffects,
    PluginEvent, PluginName, PluginSummary, Progress, Quotas, Run, RunArtifact, RunId, RunSummary, Step,
    Visibility,
};
use simulay_store::{
    Accounts, Added, Changes, Claim, ClaimableRun, Credentials, Journal, Lease, Links, MemoryStore, Metering,
    Overview, Plugins, Remembered, Renewed, RequestKey, Requests, Reuse, RunQuery, Runs, StoreError, Sweeps,
    Upload, Uploads,
};

use crate::machine::{Asked, Machine};
use crate::world::WorldClock;

/// What a store is, the real one or one in memory.
pub(crate) trait Records:
    Plugins + Runs + Sweeps + Changes + Journal + Overview + Requests + Reuse + Uploads + OfAccounts
{
}

impl<T: Plugins + Runs + Sweeps + Changes + Journal + Overview + Requests + Reuse + Uploads + OfAccounts>
    Records for T
{
}

/// What it holds of accounts.
pub(crate) trait OfAccounts: Accounts + Credentials + Links + Metering {}

impl<T: Accounts + Credentials + Links + Metering> OfAccounts for T {}

/// A store, as all machines reach it.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) records: Arc<dyn Records>,
    pub(crate) blobs: Arc<dyn Blobs>,
}

/// Opens the same store in memory each time.
pub(crate) fn in_memory() -> impl Fn(WorldClock) -> Store {
    let kept = OnceCell::new();
    move |clock| {
        let make = || {
            let clock = Arc::new(clock);
            Store {
                records: Arc::new(MemoryStore::new(clock.clone())),
                blobs: Arc::new(MemoryBlobs::new(clock)),
            }
        };
        kept.get_or_init(make).clone()
    }
}

/// A store, as a machine reaches it.
pub(crate) struct Database {
    pub(crate) machine: Arc<Machine>,
    pub(crate) store: Store,
}

/// What a port says that does not answer.
pub(crate) trait Faulty {
    fn failed(what: &str) -> Self;
}

impl Faulty for StoreError {
    fn failed(what: &str) -> Self {
        Self::Failed(what.into())
    }
}

impl Faulty for BlobError {
    fn failed(what: &str) -> Self {
        Self::Failed(what.into())
    }
}

impl Database {
    pub(crate) async fn read<T, E: Faulty>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.machine.asked.calls.fetch_add(1, Ordering::Relaxed);
        self.machine.act().await;
        if !self.machine.reaches_store().await || self.machine.world.fault(500) {
            return Err(E::failed("it does not answer"));
        }
        pollster::block_on(answer)
    }

    pub(crate) async fn write<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.machine.asked.calls.fetch_add(1, Ordering::Relaxed);
        self.machine.act().await;
        if self.machine.world.disk_is_full() {
            return Err(StoreError::Full);
        }
        if !self.machine.reaches_store().await || self.machine.world.fault(150) {
            return Err(StoreError::failed("it does not hear"));
        }
        let answer = pollster::block_on(answer);
        let told = self.machine.reaches_store().await;
        self.machine.act().await;
        if !told || self.machine.world.fault(150) {
            return Err(StoreError::failed("its answer is lost"));
        }
        answer
    }
}

#[async_trait]
impl Plugins for Database {
    async fn add_within(
        &self,
        plugin: Plugin,
        versions: Option<u64>,
        quotas: &Quotas,
    ) -> Result<Added, StoreError> {
        self.write(self.store.records.add_within(plugin, versions, quotas)).await
    }

    async fn version(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Option<Plugin>, StoreError> {
        self.read(self.store.records.version(owner, name, version)).await
    }

    async fn served(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        self.read(self.store.records.served(owner, name)).await
    }

    async fn versions(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Vec<Plugin>, StoreError> {
        self.read(self.store.records.versions(owner, name)).await
    }

    async fn list(&self, owner: &OwnerFilter) -> Result<Vec<PluginSummary>, StoreError> {
        self.read(Plugins::list(&*self.store.records, owner)).await
    }

    async fn set_visibility(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        visibility: Visibility,
    ) -> Result<(), StoreError> {
        self.write(self.store.records.set_visibility(owner, name, visibility)).await
    }

    async fn visibility(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Visibility, StoreError> {
        self.read(self.store.records.visibility(owner, name)).await
    }

    async fn checking(&self) -> Result<Vec<Plugin>, StoreError> {
        self.read(self.store.records.checking()).await
    }

    async fn commit(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
    ) -> Result<(), StoreError> {
        self.write(Plugins::commit(&*self.store.records, name, version, effects)).await
    }

    async fn history(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Vec<PluginEvent>, StoreError> {
        self.read(self.store.records.history(owner, name, version)).await
    }
}

#[async_trait]
impl Runs for Database {
    async fn create_within(&self, run: Run, claim: Option<Claim>, quotas: &Quotas) -> Result<(), StoreError> {
        self.write(self.store.records.create_within(run, claim, quotas)).await
    }

    async fn progress(&self, run: RunId) -> Result<Option<Progress>, StoreError> {
        self.read(self.store.records.progress(run)).await
    }

    async fn head(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Progress>, StoreError> {
        self.read(self.store.records.head(owner, run)).await
    }

    async fn commit_all(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<(), StoreError> {
        self.write(self.store.records.commit_all(run, fence, effects)).await
    }

    async fn acquire_lease(
        &self,
        run: RunId,
        holder: &str,
        time: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.write(self.store.records.acquire_lease(run, holder, time)).await
    }

    async fn renew_lease(&self, run: RunId, lease: Lease, time: Duration) -> Result<Renewed, StoreError> {
        self.write(self.store.records.renew_lease(run, lease, time)).await
    }

    async fn get(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Run>, StoreError> {
        self.read(self.store.records.get(owner, run)).await
    }

    async fn summary(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        self.read(self.store.records.summary(owner, run)).await
    }

    async fn list(&self, owner: &OwnerFilter, query: RunQuery) -> Result<Vec<RunSummary>, StoreError> {
        self.read(Runs::list(&*self.store.records, owner, query)).await
    }

    async fn describe(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        before: &Description,
        after: &Description,
    ) -> Result<(), StoreError> {
        self.write(self.store.records.describe(owner, run, before, after)).await
    }

    async fn count_unfinished(&self, owner: &OwnerFilter, most: usize) -> Result<usize, StoreError> {
        self.read(self.store.records.count_unfinished(owner, most)).await
    }

    async fn claimable(&self, per_flow: usize) -> Result<Vec<ClaimableRun>, StoreError> {
        let found = self.read(self.store.records.claimable(per_flow)).await?;
        let Asked { looks, most_found, .. } = &self.machine.asked;
        looks.fetch_add(1, Ordering::Relaxed);
        most_found.fetch_max(found.len() as u64, Ordering::Relaxed);
        Ok(found)
    }
}

#[async_trait]
impl Journal for Database {
    async fn step(&self, run: RunId, step: u32) -> Result<Option<Step>, StoreError> {
        self.read(self.store.records.step(run, step)).await
    }

    async fn calls(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<CallRecord>, StoreError> {
        self.read(self.store.records.calls(owner, run)).await
    }

    async fn call(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        step: u32,
        index: u32,
    ) -> Result<Option<CallRecord>, StoreError> {
        self.read(self.store.records.call(owner, run, step, index)).await
    }

    async fn artifacts(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        self.read(self.store.records.artifacts(owner, run)).await
    }

    async fn events(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        self.read(self.store.records.events(owner, run, after, limit)).await
    }
}

#[async_trait]
impl Blobs for Database {
    async fn scratch(&self) -> Result<File, BlobError> {
        self.store.blobs.scratch().await
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        let blob = self.read(self.store.blobs.create()).await?;
        Ok(Box::new(Blob { blob, full: self.machine.world.disk_is_full() }))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        self.read(self.store.blobs.size(blob)).await
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        self.read(self.store.blobs.keep(blob)).await
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let content = async { self.store.blobs.read(blob, range).await?.try_collect::<Vec<Bytes>>().await };
        let pieces = Self::read(self, content).await?;
        Ok(stream::iter(pieces.into_iter().map(Ok)).boxed())
    }
}

struct Blob {
    blob: Box<dyn BlobWriter>,
    full: bool,
}

#[async_trait]
impl BlobWriter for Blob {
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        if self.full {
            return Err(BlobError::Full);
        }
        pollster::block_on(self.blob.write(bytes))
    }

    fn digest(&self) -> Digest {
        self.blob.digest()
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), BlobError> {
        pollster::block_on(self.blob.finish())
    }
}

#[async_trait]
impl Requests for Database {
    async fn find(&self, request: &RequestKey) -> Result<Option<Remembered>, StoreError> {
        self.read(self.store.records.find(request)).await
    }

    async fn commit_once(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
        answered: (Claim, String),
    ) -> Result<(), StoreError> {
        self.write(self.store.records.commit_once(name, version, effects, answered)).await
    }

    async fn remember(&self, claim: Claim, answer: String) -> Result<(), StoreError> {
        self.write(self.store.records.remember(claim, answer)).await
    }

    async fn forget(&self, age: Duration) -> Result<usize, StoreError> {
        self.write(self.store.records.forget(age)).await
    }
}

#[async_trait]
impl Uploads for Database {
    async fn record(
        &self,
        owner: &AccountName,
        uploads: Vec<Upload>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        self.write(self.store.records.record(owner, uploads, quotas)).await
    }

    async fn nameable(&self, owner: &OwnerFilter, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError> {
        self.read(self.store.records.nameable(owner, blobs)).await
    }

    async fn older(&self, age: Duration) -> Result<HashSet<Digest>, StoreError> {
        self.read(self.store.records.older(age)).await
    }

    async fn forget_uploads(&self, blobs: Vec<Digest>, age: Duration) -> Result<(), StoreError> {
        self.write(self.store.records.forget_uploads(blobs, age)).await
    }
}
