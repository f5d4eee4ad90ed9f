//! How many runs wait or are at work, so that there are no more than may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use simulay_model::OwnerFilter;
use simulay_store::Runs;
use tokio::time::Instant;

use crate::CreateError;

/// Of as many as may wait or be at work, those that are far from it: others that share the store count alone, and so many
/// of them come near it together.
const FAR: usize = 8;
/// How long a count of runs is believed: runs that are accepted are counted, those that end are not.
const BELIEVED: Duration = Duration::from_secs(3);

/// Counts runs that are accepted. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Unfinished {
    /// Those that are being stored.
    accepting: Arc<AtomicUsize>,
    /// How many there were a moment ago.
    counted: Arc<Mutex<Option<Counted>>>,
}

/// Runs that waited or were at work at a moment, and those that were accepted since.
struct Counted {
    at: Instant,
    runs: usize,
}

impl Counted {
    /// One more, while so many are far from the `most` there may be, and were counted a moment ago.
    fn one_more(&mut self, most: usize) -> bool {
        let may = self.at.elapsed() < BELIEVED && self.runs < most / FAR;
        self.runs += usize::from(may);
        may
    }
}

/// A run that is being stored; it counts as waiting.
pub(crate) struct Accepting(Arc<AtomicUsize>);

impl Accepting {
    fn new(accepting: &Arc<AtomicUsize>) -> Self {
        accepting.fetch_add(1, Ordering::Relaxed);
        Self(accepting.clone())
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Unfinished {
    /// Counts a run that is being stored among those that wait, unless there are `most`.
    pub(crate) async fn count_in(&self, runs: &dyn Runs, most: usize) -> Result<Accepting, CreateError> {
        let accepting = Accepting::new(&self.accepting);
        if self.counted.lock().as_mut().is_some_and(|known| known.one_more(most)) {
            return Ok(accepting);
        }
        let at = Instant::now();
        let unfinished = runs.count_unfinished(&OwnerFilter::Any, most).await?;
        *self.counted.lock() = Some(Counted { at, runs: unfinished.saturating_add(1) });
        let all = unfinished.saturating_add(self.accepting.load(Ordering::Relaxed));
        if all > most { Err(CreateError::QueueFull(most)) } else { Ok(accepting) }
    }
}
