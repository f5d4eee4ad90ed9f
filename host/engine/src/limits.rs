//! How much happens at once, and whose turn it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use simulay_containers::Capacity;
use simulay_model::{PluginName, RunId};
use simulay_store::StoreError;

use crate::Settings;
use crate::checks::{CheckPlace, Checks};
use crate::turns::{Path, Turn, Turns};

/// The places of runs and containers.
pub(crate) struct Limits {
    unfinished: Arc<AtomicUsize>,
    max_unfinished: usize,
    runs: Turns,
    containers: Turns,
    reserve: Capacity,
    checks: Checks,
}

/// The place of an unfinished run in the queue; free again when dropped.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Who asks for a turn.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// Whose run it is.
    pub(crate) owner: Arc<str>,
    /// What it is a run of.
    pub(crate) pipeline: PluginName,
    /// Which.
    pub(crate) run: RunId,
}

impl Asker {
    fn path(&self, with_run: bool) -> Path {
        let run = with_run.then(|| Arc::from(self.run.to_string()));
        [self.owner.clone(), Arc::from(self.pipeline.as_str())].into_iter().chain(run).collect()
    }
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            unfinished: Arc::default(),
            max_unfinished: settings.max_unfinished_runs,
            runs: Turns::new(settings.max_active_runs, settings.newcomer_percent),
            containers: Turns::new(settings.max_containers, settings.newcomer_percent),
            reserve: settings.reserve,
            checks: Checks::new(settings.check_threads, settings.max_parsed_bytes),
        }
    }

    /// Learns what the node has; the reserve stays free.
    pub(crate) fn learn(&self, node: Capacity) {
        self.containers.set_room(node.minus(self.reserve));
    }

    /// A place for a new run, or the number of places when all are taken.
    pub(crate) fn place(&self) -> Result<Place, usize> {
        let taken = |count| (count < self.max_unfinished).then_some(count + 1);
        self.unfinished
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .map(|_| Place(self.unfinished.clone()))
            .map_err(|_| self.max_unfinished)
    }

    /// A place for a run accepted before a restart: it has one, whatever the bound is now.
    pub(crate) fn keep_place(&self) -> Place {
        self.unfinished.fetch_add(1, Ordering::Relaxed);
        Place(self.unfinished.clone())
    }

    /// Waits for a place to check a document against a schema.
    pub(crate) async fn check(&self) -> Result<CheckPlace, StoreError> {
        self.checks.place().await
    }

    /// Waits for the turn of a run; `None` never comes while the engine lives.
    pub(crate) async fn run(&self, asker: &Asker) -> Option<Turn> {
        // Runs of a pipeline go by age.
        self.runs.take(asker.path(false), Capacity::default()).await
    }

    /// Waits for the turn of a container that takes so much.
    pub(crate) async fn container(&self, asker: &Asker, demand: Capacity) -> Option<Turn> {
        self.containers.take(asker.path(true), demand).await
    }

    /// Unfinished runs, active runs, containers.
    pub(crate) fn taken(&self) -> (usize, usize, usize) {
        (self.unfinished.load(Ordering::Relaxed), self.runs.taken(), self.containers.taken())
    }
}
