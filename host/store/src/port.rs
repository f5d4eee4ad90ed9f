//! What the engine asks of a store: narrow ports, so that each can move to another backend. No store knows
//! what a change means: `simulay-model` decides, a store commits. Whatever a principal may ask for is asked
//! with an [`OwnerFilter`]: what belongs to others is not there.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use semver::Version;
use simulay_model::{
    CallRecord, Description, Effects, Event, OwnerFilter, Plugin, PluginEffects, PluginEvent, PluginName,
    PluginSummary, Progress, Quotas, Run, RunArtifact, RunId, RunSummary, Step, UnfinishedRun, Visibility,
};

use crate::{Claim, RunQuery, StoreError};

/// What comes of making durable what is stored.
pub type Durable = BoxFuture<'static, Result<(), StoreError>>;

/// Of what is durable when it is answered.
#[must_use]
pub fn durable_now() -> Durable {
    ready(Ok(())).boxed()
}

/// Uploaded plugins. Versions are immutable, but for where they are in their life.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Adds a version. The same bytes again change nothing. `versions` is the revision of all versions of
    /// the plugin that its life was decided on, if they decided; see [`simulay_model::revision_of`].
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] when the name is another owner's; [`StoreError::VersionExists`] when other
    /// bytes go by the same name and version; [`StoreError::Stale`] when any version came or changed since.
    async fn add(&self, plugin: Plugin, versions: Option<u64>) -> Result<Added, StoreError> {
        self.add_within(plugin, versions, &Quotas::default()).await
    }

    /// As [`Plugins::add`], while a new version is within the quotas of its owner; it counts as taken in.
    ///
    /// # Errors
    /// As [`Plugins::add`], and [`StoreError::QuotaExceeded`].
    async fn add_within(
        &self,
        plugin: Plugin,
        versions: Option<u64>,
        quotas: &Quotas,
    ) -> Result<Added, StoreError>;

    /// A version, whatever its state.
    async fn version(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Option<Plugin>, StoreError>;

    /// The highest version that is active and no pre-release.
    async fn served(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Option<Plugin>, StoreError>;

    /// All versions of a plugin, from the highest down.
    async fn versions(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Vec<Plugin>, StoreError>;

    /// All versions of all plugins, by name and then from the highest version down.
    async fn list(&self, owner: &OwnerFilter) -> Result<Vec<PluginSummary>, StoreError>;

    /// Says who sees a plugin, with all its versions, also those that are still to come.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    async fn set_visibility(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        visibility: Visibility,
    ) -> Result<(), StoreError>;

    /// Who sees a plugin; private while nobody said otherwise, and where there is none.
    async fn visibility(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Visibility, StoreError>;

    /// The versions whose examples are being checked, whosever they are.
    async fn checking(&self) -> Result<Vec<Plugin>, StoreError>;

    /// Stores `effects` on the life of a version in one durable transaction, if its revision and that of
    /// all versions are those they were decided on (compare-and-set). Nothing else of the record changes.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the version has moved on, or another that decided;
    /// [`StoreError::NotFound`] when there is none.
    async fn commit(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
    ) -> Result<(), StoreError>;

    /// What happened to a version, in order.
    async fn history(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Vec<PluginEvent>, StoreError>;
}

/// What [`Plugins::add`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The version is new.
    New,
    /// The same bytes were there.
    Known,
}

/// Runs: their records, who works on them, and the requests they came of, which share transactions.
#[async_trait]
pub trait Runs: Send + Sync {
    /// Stores a queued run and its first event, `run.queued`, in one durable transaction; with the `claim`
    /// of the request that it came of, when that may come again.
    ///
    /// # Errors
    /// [`StoreError::RunExists`]; [`StoreError::Repeated`] when the request came before.
    async fn create(&self, run: Run, claim: Option<Claim>) -> Result<(), StoreError> {
        self.create_within(run, claim, &Quotas::default()).await
    }

    /// As [`Runs::create`], while the run is within the quotas of its owner.
    ///
    /// # Errors
    /// As [`Runs::create`], and [`StoreError::QuotaExceeded`].
    async fn create_within(&self, run: Run, claim: Option<Claim>, quotas: &Quotas) -> Result<(), StoreError>;

    /// As [`Runs::create_within`], in no haste: the run may be leased and changed from now on, and is read when it is
    /// durable, as in [`Runs::commit_soon`].
    ///
    /// # Errors
    /// As [`Runs::create_within`].
    async fn create_soon(
        &self,
        run: Run,
        claim: Option<Claim>,
        quotas: &Quotas,
    ) -> Result<Durable, StoreError> {
        self.create_within(run, claim, quotas).await.map(|()| durable_now())
    }

    /// What decides about the run, for whoever leased it.
    async fn progress(&self, run: RunId) -> Result<Option<Progress>, StoreError>;

    /// As [`Runs::progress`], without the attempts, which may be large: enough for what looks at none.
    async fn head(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Progress>, StoreError>;

    /// Stores `effects` in one durable transaction, if the run's last event is the one they were decided
    /// on (compare-and-set). `fence` is that of the writer's lease, if he has one. A run at its end is
    /// leased to nobody.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when someone else took the lease since; [`StoreError::Stale`] when the run
    /// has moved on; [`StoreError::NotOffered`] when what they take is not offered any more;
    /// [`StoreError::NotFound`].
    async fn commit(&self, run: RunId, fence: Option<u64>, effects: Box<Effects>) -> Result<(), StoreError> {
        self.commit_all(run, fence, vec![*effects]).await
    }

    /// As [`Runs::commit`], for changes that follow each other: all of them in one transaction.
    ///
    /// # Errors
    /// As [`Runs::commit`].
    async fn commit_all(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<(), StoreError>;

    /// As [`Runs::commit_all`], for changes that nobody acts upon outside the store before another change of the run is
    /// stored durably: these may become durable with that one, or by themselves a moment later, and be seen by those who read
    /// only then. Gives what comes of that; what is lost with the process did not happen.
    ///
    /// # Errors
    /// As [`Runs::commit`].
    async fn commit_soon(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<Durable, StoreError> {
        self.commit_all(run, fence, effects).await.map(|()| durable_now())
    }

    /// As [`Runs::commit_all`], and answers before that is durable, which it becomes at once. Gives what comes of that.
    ///
    /// # Errors
    /// As [`Runs::commit`].
    async fn commit_ahead(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<Durable, StoreError> {
        self.commit_all(run, fence, effects).await.map(|()| durable_now())
    }

    /// Leases the run to `holder` for `time`, with a fence above all before. `None` while another holder has
    /// it. What the same holder had before, he had in an earlier life. Deadlines are the database's. It is durable no later
    /// than what is stored under it.
    ///
    /// # Errors
    /// [`StoreError::Ended`], [`StoreError::NotFound`].
    async fn acquire_lease(
        &self,
        run: RunId,
        holder: &str,
        time: Duration,
    ) -> Result<Option<Lease>, StoreError>;

    /// Keeps the lease for `time` more, and stores for how long the run was active.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when someone took it since, [`StoreError::Ended`].
    async fn renew_lease(&self, run: RunId, lease: Lease, time: Duration) -> Result<Renewed, StoreError>;

    /// A run.
    async fn get(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Run>, StoreError>;

    /// A run without its documents.
    async fn summary(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<RunSummary>, StoreError>;

    /// Runs without their documents, from the newest to the oldest.
    async fn list(&self, owner: &OwnerFilter, query: RunQuery) -> Result<Vec<RunSummary>, StoreError>;

    /// Says what people call the run and sort it by, if that is still what it was `before` (compare-and-set).
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it was changed since; [`StoreError::NotFound`].
    async fn describe(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        before: &Description,
        after: &Description,
    ) -> Result<(), StoreError>;

    /// Runs that have not ended and that nobody holds by now. Of each flow, which is the runs of one pipeline
    /// of one owner: the `per_flow` oldest, and beside them the `per_flow` oldest of those whose end is asked
    /// for. From the oldest to the newest. What it costs goes by the flows with such runs and by the runs
    /// that are held, and not by how many wait.
    async fn claimable(&self, per_flow: usize) -> Result<Vec<ClaimableRun>, StoreError>;

    /// How many runs have not ended, as far as `most`.
    async fn count_unfinished(&self, owner: &OwnerFilter, most: usize) -> Result<usize, StoreError>;
}

/// A run that may be leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimableRun {
    /// Which, and whose turn it is by.
    pub run: UnfinishedRun,
    /// Someone asked for its end.
    pub cancel_requested: bool,
    /// It was worked on: there may be containers of it.
    pub running: bool,
}

/// A run that is leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Above those of all who held it before.
    pub fence: u64,
    /// For how long the run was active, in all lives of all hosts.
    pub active: Duration,
}

/// What the holder of a lease should know when it is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// Someone asked for the end of the run, perhaps of another host.
    pub cancel_requested: bool,
}

/// The journal of a run: plans, calls, artifacts and events.
#[async_trait]
pub trait Journal: Send + Sync {
    /// The plan of a step, for whoever leased the run.
    async fn step(&self, run: RunId, step: u32) -> Result<Option<Step>, StoreError>;

    /// All calls of all steps, the newest attempt of each, by step and index.
    async fn calls(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<CallRecord>, StoreError>;

    /// The newest attempt at a call.
    async fn call(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        step: u32,
        index: u32,
    ) -> Result<Option<CallRecord>, StoreError>;

    /// Inputs, outputs, streams and kept files, in the order they came.
    async fn artifacts(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<RunArtifact>, StoreError>;

    /// At most `limit` events after the one numbered `after`, in order; fewer when they are large.
    async fn events(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError>;
}
