//! How much happens at once: admission by count, in order of arrival.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Settings;

/// The places of runs and containers.
pub(crate) struct Limits {
    unfinished: Arc<AtomicUsize>,
    max_unfinished: usize,
    runs: Arc<Semaphore>,
    max_runs: usize,
    containers: Arc<Semaphore>,
    max_containers: usize,
}

/// The place of an unfinished run in the queue; free again when dropped.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            unfinished: Arc::default(),
            max_unfinished: settings.max_unfinished_runs,
            runs: Arc::new(Semaphore::new(settings.max_active_runs)),
            max_runs: settings.max_active_runs,
            containers: Arc::new(Semaphore::new(settings.max_containers)),
            max_containers: settings.max_containers,
        }
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

    /// Waits for the turn of a run; `None` never comes while the engine lives.
    pub(crate) async fn run(&self) -> Option<OwnedSemaphorePermit> {
        self.runs.clone().acquire_owned().await.ok()
    }

    /// Waits for the turn of a container.
    pub(crate) async fn container(&self) -> Option<OwnedSemaphorePermit> {
        self.containers.clone().acquire_owned().await.ok()
    }

    /// Unfinished runs, active runs, containers.
    pub(crate) fn taken(&self) -> (usize, usize, usize) {
        let unfinished = self.unfinished.load(Ordering::Relaxed);
        let runs = self.max_runs.saturating_sub(self.runs.available_permits());
        let containers = self.max_containers.saturating_sub(self.containers.available_permits());
        (unfinished, runs, containers)
    }
}
