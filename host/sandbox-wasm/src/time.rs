//! The time of one call: what its thread spent, not what other threads took from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use simulay_sandbox::SandboxSettings;

use crate::termination::Termination;

/// Says that nobody waits for the answer any more.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends the call at its next look at the clock.
    pub(crate) fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Time that runs from its making, on the thread that made it.
pub(crate) struct Timer {
    budget: Duration,
    cpu_start: Duration,
    wall_start: Instant,
    cancel: Cancel,
}

impl Timer {
    /// A timer for `budget` of CPU time on this thread.
    pub(crate) fn start(budget: Duration, cancel: Cancel) -> Self {
        Self { budget, cpu_start: thread_time(), wall_start: Instant::now(), cancel }
    }

    /// To be asked on the thread that started it.
    pub(crate) fn check(&self) -> Result<(), Termination> {
        if self.cancel.0.load(Ordering::Relaxed) {
            return Err(Termination::Cancelled);
        }
        let cpu = thread_time().saturating_sub(self.cpu_start);
        let wall = self.wall_start.elapsed();
        let within = cpu < self.budget && wall < SandboxSettings::wall_time(self.budget);
        if within { Ok(()) } else { Err(Termination::Time) }
    }
}

fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_other_threads_does_not_count() {
        let spent = Duration::from_millis(50);
        let before = thread_time();
        std::thread::spawn(move || while thread_time() < spent {}).join().unwrap();
        assert!(thread_time().saturating_sub(before) < spent);
    }

    #[test]
    fn time_and_callers_end() {
        let cancel = Cancel::default();
        assert_eq!(Timer::start(Duration::ZERO, cancel.clone()).check(), Err(Termination::Time));
        let timer = Timer::start(Duration::from_secs(3600), cancel.clone());
        cancel.cancel();
        assert_eq!(timer.check(), Err(Termination::Cancelled));
    }
}
