//! For how long a run was active: by the monotonic clock, without the time it waits for a turn.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// The time of one run.
pub(crate) struct ActiveTime(Mutex<State>);

struct State {
    before: Duration,
    at_work: usize,
    since: Instant,
}

/// Something of the run is at work as long as this lives.
pub(crate) struct AtWork<'a>(&'a ActiveTime);

impl ActiveTime {
    /// Goes on from what earlier lives counted.
    pub(crate) fn after(before: Duration) -> Self {
        Self(Mutex::new(State { before, at_work: 0, since: Instant::now() }))
    }

    /// Counts until the guard is dropped.
    pub(crate) fn begin(&self) -> AtWork<'_> {
        let mut state = self.lock();
        if state.at_work == 0 {
            state.since = Instant::now();
        }
        state.at_work += 1;
        AtWork(self)
    }

    /// All of it up to now, with what earlier lives counted.
    pub(crate) fn total(&self) -> Duration {
        let state = self.lock();
        if state.at_work == 0 { state.before } else { state.before + state.since.elapsed() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.at_work -= 1;
        if state.at_work == 0 {
            let elapsed = state.since.elapsed();
            state.before += elapsed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_works_side_by_side_counts_once_and_waiting_does_not() {
        let second = Duration::from_secs(1);
        let time = ActiveTime::after(second);
        tokio::time::sleep(second).await;
        assert_eq!(time.total(), second);
        let (left, right) = (time.begin(), time.begin());
        tokio::time::sleep(second).await;
        drop(left);
        tokio::time::sleep(second).await;
        assert_eq!(time.total(), 3 * second);
        drop(right);
        tokio::time::sleep(second).await;
        assert_eq!(time.total(), 3 * second);
    }
}
