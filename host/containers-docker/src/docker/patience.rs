//! How long the daemon's absence is borne.

use std::time::Duration;

use simulay_containers::ContainerError;
use tokio::time::Instant;

use super::daemon::DaemonError;

/// As long as a restart of the daemon takes, and some.
const ABSENCE: Duration = Duration::from_secs(60);
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(3);

/// Pauses that grow.
pub(super) struct Patience {
    since: Instant,
    next: Duration,
    bound: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self::of(ABSENCE)
    }
}

impl Patience {
    pub(super) fn of(bound: Duration) -> Self {
        Self { since: Instant::now(), next: FIRST, bound }
    }

    pub(super) fn is_over(&self) -> bool {
        self.since.elapsed() >= self.bound
    }

    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (2 * self.next).min(LONGEST);
    }

    /// Bears an absence of the daemon a while; anything else is an error at once.
    pub(super) async fn bear(&mut self, error: DaemonError) -> Result<(), ContainerError> {
        if !matches!(error, DaemonError::Absent(_)) || self.is_over() {
            return Err(error.into());
        }
        self.pause().await;
        Ok(())
    }
}
