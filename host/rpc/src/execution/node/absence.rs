//! How long a node that does not answer is waited for.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A time without the other side.
pub(super) struct Absence {
    since: Instant,
    pause: Duration,
}

impl Absence {
    /// One that begins now.
    pub(super) fn begins() -> Self {
        Self { since: Instant::now(), pause: FIRST_PAUSE }
    }

    /// The other side was there for `time`. One that is there for moments only is as good as absent.
    pub(super) fn was_there_for(&mut self, time: Duration) {
        if time >= LONGEST_PAUSE {
            *self = Self::begins();
        }
    }

    /// It is not borne any longer.
    pub(super) fn is_over(&self, most: Duration) -> bool {
        self.since.elapsed() >= most
    }

    /// Waits before the next try, longer each time, unless `cancel` says to look at once.
    pub(super) async fn pause(&mut self, cancel: &CancellationToken) {
        // Who was lost together comes back apart.
        let apart = self.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        let _ = cancel.run_until_cancelled(tokio::time::sleep(apart)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}
