//! How slow a client may be: it may pause, and be slow on the whole, but not be both forever.

use std::time::Duration;

use crate::ApiSettings;

/// How slow a client may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Time without a byte.
    pub(crate) patience: Duration,
    /// Bytes per second on the whole.
    rate: u64,
}

impl Pace {
    pub(crate) const fn of(settings: &ApiSettings) -> Self {
        Self { patience: settings.stall_timeout, rate: settings.least_rate }
    }

    /// The time that `bytes` may take.
    pub(crate) fn earned(&self, bytes: u64) -> Duration {
        Duration::from_millis(bytes.saturating_mul(1000) / self.rate.max(1))
    }
}
