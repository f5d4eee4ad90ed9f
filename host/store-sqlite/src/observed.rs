//! Time as the host sees it pass while it works. Ages go by it: a clock that jumps makes nothing old.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// Milliseconds of that time, on a scale that began at some real moment. Never goes back.
#[derive(Debug, Default)]
pub(crate) struct ObservedTime(AtomicI64);

impl ObservedTime {
    /// The present moment.
    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Goes on from what was stored.
    pub(crate) fn resume(&self, stored: i64) {
        self.0.fetch_max(stored, Ordering::Relaxed);
    }

    /// Goes on by `passed`; gives the moment after.
    pub(crate) fn pass(&self, passed: Duration) -> i64 {
        let passed = millis(passed);
        self.0.fetch_add(passed, Ordering::Relaxed).saturating_add(passed)
    }

    /// The moment `age` ago.
    pub(crate) fn before(&self, age: Duration) -> i64 {
        self.now().saturating_sub(millis(age))
    }

    /// The present moment as a file system writes it.
    pub(crate) fn as_file_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.now().unsigned_abs())
    }

    /// How long ago a file was touched; nothing when that is still to come.
    pub(crate) fn since(&self, touched: SystemTime) -> Duration {
        self.as_file_time().duration_since(touched).unwrap_or_default()
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
