//! How much happens at once, and whose turn it is.

use std::sync::Arc;

use simulay_containers::Capacity;
use simulay_model::{AccountName, PluginName, RunId, UnfinishedRun};

use crate::checks::{CheckPermit, Checks};
use crate::fair_queue::{FairQueue, Path, Permit, Turn};
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
    fn path(&self, with_run: bool) -> Path {
        let run = with_run.then(|| Arc::from(self.run.to_string()));
        [self.owner.as_str(), self.pipeline.as_str()].map(Arc::from).into_iter().chain(run).collect()
    }
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            runs: FairQueue::new(settings.max_active_runs, settings.newcomer_percent),
            containers: FairQueue::new(settings.max_containers, settings.newcomer_percent),
            reserve: settings.reserve,
            checks: Checks::new(settings.check_threads, settings.max_parsed_bytes),
        }
    }

    /// Learns what the node has; the reserve stays free.
    pub(crate) fn learn(&self, node: Capacity) {
        self.containers.set_room(node.minus(self.reserve));
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

    /// Waits for the turn of a container that takes so much.
    pub(crate) async fn container(&self, flow: &Flow, demand: Capacity) -> Option<Permit> {
        self.containers.take(flow.path(true), demand).await
    }

    /// Active runs, containers.
    pub(crate) fn taken(&self) -> (usize, usize) {
        (self.runs.taken(), self.containers.taken())
    }
}
