//! Who is first: how often this process leased a run, and how often another had it by then.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since this process started.
#[derive(Debug, Default)]
pub(crate) struct LeaseRaces {
    won: AtomicU64,
    lost: AtomicU64,
}

impl LeaseRaces {
    pub(crate) fn win(&self) {
        self.won.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Races won and lost.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.won.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }

    /// True when other processes take runs of the same store.
    pub(crate) fn has_rivals(&self) -> bool {
        self.lost.load(Ordering::Relaxed) > 0
    }
}
