//! Sweeps, and the runs that their points become: a step of a sweep is stored with the runs that it makes, so that
//! no crash makes a point twice or loses one.

use async_trait::async_trait;
use simulay_model::{
    OwnerFilter, PluginName, PointCounts, Quotas, Run, RunId, RunState, RunSummary, Sweep, SweepId,
    SweepProgress, SweepState, SweepSummary,
};

use crate::{Claim, StoreError};

/// Sweeps: their records, and where their points are.
#[async_trait]
pub trait Sweeps: Send + Sync {
    /// Stores a new sweep in one durable transaction; with the claim of the request that it came of and the answer to
    /// that, when it may come again.
    ///
    /// # Errors
    /// [`StoreError::Repeated`] when the request came before.
    async fn add_sweep(&self, sweep: Sweep, answered: Option<(Claim, String)>) -> Result<(), StoreError>;

    /// A sweep.
    async fn sweep(&self, owner: &OwnerFilter, sweep: SweepId) -> Result<Option<Sweep>, StoreError>;

    /// Sweeps without what was asked, from the newest to the oldest.
    async fn sweeps(&self, owner: &OwnerFilter, query: SweepQuery) -> Result<Vec<SweepSummary>, StoreError>;

    /// At most `limit` sweeps after `after` that have not ended, from the oldest on, whosever they are.
    async fn unfinished_sweeps(&self, after: Option<SweepId>, limit: u32)
    -> Result<Vec<SweepId>, StoreError>;

    /// Stores where a sweep goes and the queued runs that it makes, each with its first event, in one durable
    /// transaction, if the revision of the sweep is the one before (compare-and-set) and the runs are within the
    /// quotas of their owner.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the sweep has moved on; [`StoreError::NotFound`]; [`StoreError::QuotaExceeded`];
    /// [`StoreError::RunExists`].
    async fn commit_sweep(
        &self,
        sweep: SweepId,
        progress: SweepProgress,
        runs: Vec<Run>,
        quotas: &Quotas,
    ) -> Result<(), StoreError>;

    /// How many points are where, by the last run of each. A point whose runs were deleted is not counted.
    async fn count_points(&self, sweep: SweepId) -> Result<PointCounts, StoreError>;

    /// The last runs of at most `limit` points from `from` on, in the order of the points.
    async fn points(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<RunSummary>, StoreError>;

    /// As [`Sweeps::points`], but no more of each than whoever brings the sweep along needs.
    async fn point_runs(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<PointRun>, StoreError>;
}

/// The last run of a point: the one with the highest number of attempt, whatever the ids say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointRun {
    /// Which point.
    pub point: u32,
    /// How many runs it had before.
    pub attempt: u32,
    /// The run.
    pub run: RunId,
    /// Where that is.
    pub state: RunState,
}

/// Which sweeps to list.
#[derive(Debug, Clone, Default)]
pub struct SweepQuery {
    /// Only of this pipeline.
    pub pipeline: Option<PluginName>,
    /// Only in this state.
    pub state: Option<SweepState>,
    /// Only sweeps older than this one.
    pub before: Option<SweepId>,
    /// The most sweeps to give.
    pub limit: u32,
}
