//! Runs that this process accepted a moment ago, with the plugin that each was checked by. Whoever is the first to work
//! on one has it from here, and reads nothing that was just written. A run that had to wait is read: what its plugin may
//! do may have been changed.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use simulay_model::{Plugin, Run, RunId};
use tokio::time::Instant;

/// How long what was accepted is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// Runs that are kept at most.
const MOST: usize = 64;
/// Bytes of parameters above which a run is read.
const MOST_BYTES: usize = 64 << 10;
const MOST_INPUTS: usize = 64;

/// A run as it was accepted.
pub(crate) struct FreshRun {
    pub(crate) run: Run,
    pub(crate) plugin: Plugin,
}

/// The newest runs that this process accepted.
#[derive(Default)]
pub(crate) struct FreshRuns(Mutex<VecDeque<(Instant, FreshRun)>>);

impl FreshRuns {
    /// Keeps a run that is stored, unless it is large, or there are enough; true when it is kept.
    pub(crate) fn keep(&self, fresh: FreshRun) -> bool {
        let request = &fresh.run.request;
        if request.params.as_str().len() > MOST_BYTES || request.inputs.len() > MOST_INPUTS {
            return false;
        }
        let (mut newest, now) = (self.0.lock(), Instant::now());
        newest.retain(|(at, _)| now.duration_since(*at) < BELIEVED);
        let is_kept = newest.len() < MOST;
        if is_kept {
            newest.push_back((now, fresh));
        }
        is_kept
    }

    /// Gives a run away, while it is believed.
    pub(crate) fn take(&self, run: RunId) -> Option<FreshRun> {
        let mut newest = self.0.lock();
        let place = newest.iter().position(|(_, fresh)| fresh.run.id == run)?;
        let (at, fresh) = newest.remove(place)?;
        (at.elapsed() < BELIEVED).then_some(fresh)
    }
}
