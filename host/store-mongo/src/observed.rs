//! Time as hosts see it pass while they work. Ages go by it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use simulay_model::Clock;

/// The fact that tells it.
pub(crate) const OBSERVED: &str = "observed";

/// What finds it.
pub(crate) fn fact() -> Document {
    doc! { "_id": OBSERVED }
}

/// Milliseconds of that time, as this host saw it last. Never goes back.
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

    /// Goes on to what is stored.
    pub(crate) fn reach(&self, stored: i64) {
        self.0.fetch_max(stored, Ordering::Relaxed);
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

/// A duration in milliseconds, as they are stored.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
