//! How much happens at once, and whose turn it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use simulay_containers::Capacity;
use simulay_model::{AccountName, PluginName, Quota, QuotaOverrides, Quotas, RunId, UnfinishedRun};

use crate::checks::{CheckPermit, Checks};
use crate::fair_queue::{FairQueue, OwnerBounds, Path, Permit, Turn};
use crate::{EngineError, Settings};

/// The places of runs and containers.
pub(crate) struct Limits {
    runs: FairQueue,
    containers: FairQueue,
    reserve: Capacity,
    checks: Checks,
}

/// Who asks for a turn.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    /// Whose run it is.
    pub(crate) owner: AccountName,
    /// What it is a run of.
    pub(crate) pipeline: PluginName,
    /// Which.
    pub(crate) run: RunId,
}

impl From<&UnfinishedRun> for Flow {
    fn from(run: &UnfinishedRun) -> Self {
        Self { owner: run.owner.clone(), pipeline: run.pipeline.clone(), run: run.id }
    }
}

impl Flow {
    /// The run of the flow, as others are told of it.
    pub(crate) fn unfinished(&self) -> UnfinishedRun {
        UnfinishedRun { id: self.run, owner: self.owner.clone(), pipeline: self.pipeline.clone() }
    }

    fn path(&self, with_run: bool) -> Path {
        let run = with_run.then(|| Arc::from(self.run.to_string()));
        [self.owner.as_str(), self.pipeline.as_str()].map(Arc::from).into_iter().chain(run).collect()
    }
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let limits = Self {
            runs: FairQueue::new(settings.max_active_runs, settings.newcomer_percent),
            containers: FairQueue::new(settings.max_containers, settings.newcomer_percent),
            reserve: settings.reserve,
            checks: Checks::new(settings.check_threads, settings.max_parsed_bytes),
        };
        limits.bound_accounts(&settings.quotas, &BTreeMap::new());
        limits
    }

    /// Learns what the node has; the reserve stays free.
    pub(crate) fn learn(&self, node: Capacity) {
        self.containers.set_room(node.minus(self.reserve));
    }

    /// Bounds what is at work of each account: by the quotas of all, and by what differs for some.
    pub(crate) fn bound_accounts(&self, usual: &Quotas, overrides: &BTreeMap<AccountName, QuotaOverrides>) {
        for (queue, quota) in [(&self.runs, Quota::MaxActiveRuns), (&self.containers, Quota::MaxContainers)] {
            queue.set_bounds(bounds(quota, usual, overrides));
        }
    }

    /// Waits for a permit to check a document against a schema.
    pub(crate) async fn check(&self) -> Result<CheckPermit, EngineError> {
        self.checks.permit().await
    }

    /// Queues a run, which is told when its turn comes.
    pub(crate) fn queue_run(&self, flow: &Flow, turn: Box<dyn Turn>) {
        // Runs of a pipeline go by age.
        self.runs.queue(flow.path(false), Capacity::default(), turn);
    }

    /// Waits for the turn of a run; `None` never comes while the engine lives.
    pub(crate) async fn run(&self, flow: &Flow) -> Option<Permit> {
        self.runs.take(flow.path(false), Capacity::default()).await
    }

    /// The place of a run that is at work already, somewhere or here: it has containers perhaps, and others wait for
    /// their end.
    pub(crate) fn run_at_once(&self, flow: &Flow) -> Permit {
        self.runs.take_at_once(flow.path(false), Capacity::default())
    }

    /// The place of a container that is there already.
    pub(crate) fn container_at_once(&self, flow: &Flow, demand: Capacity) -> Permit {
        self.containers.take_at_once(flow.path(true), demand)
    }

    /// Waits for the turn of a container that takes so much.
    pub(crate) async fn container(&self, flow: &Flow, demand: Capacity) -> Option<Permit> {
        self.containers.take(flow.path(true), demand).await
    }

    /// Active runs, containers, of one account.
    pub(crate) fn taken_by(&self, account: &AccountName) -> (usize, usize) {
        (self.runs.taken_by(account.as_str()), self.containers.taken_by(account.as_str()))
    }

    /// Containers that wait for their turn.
    pub(crate) fn containers_waiting(&self) -> usize {
        self.containers.waiting()
    }

    /// Active runs, containers.
    pub(crate) fn taken(&self) -> (usize, usize) {
        (self.runs.taken(), self.containers.taken())
    }
}

fn bounds(quota: Quota, usual: &Quotas, overrides: &BTreeMap<AccountName, QuotaOverrides>) -> OwnerBounds {
    let count = |bound: Option<u64>| bound.map(|bound| usize::try_from(bound).unwrap_or(usize::MAX).max(1));
    let own = overrides.iter().filter_map(|(account, own)| {
        let bound = own.get(&quota)?;
        Some((Arc::from(account.as_str()), count(*bound)))
    });
    OwnerBounds { usual: count(usual.of(quota)), own: own.collect() }
}
