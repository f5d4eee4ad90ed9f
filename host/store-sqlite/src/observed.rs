//! Time as the host sees it pass while it works. Ages go by it: a clock that jumps makes nothing old.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use simulay_model::Clock;

/// Milliseconds of that time, on a scale that began at some real moment. Never goes back.
#[derive(Debug)]
pub(crate) struct ObservedTime(AtomicI64);

impl From<i64> for ObservedTime {
    /// Goes on from what was stored.
    fn from(stored: i64) -> Self {
        Self(AtomicI64::new(stored))
    }
}

impl ObservedTime {
    /// The present moment in milliseconds.
    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Goes on by `passed`; gives the moment after.
    pub(crate) fn pass(&self, passed: Duration) -> i64 {
        let passed = millis(passed);
        self.0.fetch_add(passed, Ordering::Relaxed).saturating_add(passed)
    }

    /// The moment `age` ago.
    pub(crate) fn before(&self, age: Duration) -> i64 {
        self.millis().saturating_sub(millis(age))
    }
}

impl Clock for ObservedTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis()).unwrap_or(Timestamp::MAX)
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
