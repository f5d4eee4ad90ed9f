//! Workers that wait for a call.

use parking_lot::{Mutex, MutexGuard};
use simulay_model::Digest;

use super::launch::Worker;

/// Workers without work, the one used last at the end.
#[derive(Default)]
pub(super) struct Idle(Mutex<Vec<Worker>>);

impl Idle {
    /// A worker, best one that has `plugin` loaded.
    pub(super) fn take(&self, plugin: Option<Digest>) -> Option<Worker> {
        let mut workers = self.lock();
        workers.retain_mut(Worker::lives);
        let fits = |worker: &Worker| plugin.is_some_and(|plugin| worker.has(plugin));
        match workers.iter().rposition(fits) {
            Some(index) => Some(workers.remove(index)),
            None => workers.pop(),
        }
    }

    /// Gives a worker back.
    pub(super) fn put(&self, worker: Worker) {
        self.lock().push(worker);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.0.lock()
    }
}
