//! How long to wait before Redis is tried again.

use std::time::Duration;

use tokio::time::Instant;

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Waits twice as long each time, up to a bound; begins anew after what held for longer than that.
pub(crate) struct Backoff {
    next: Duration,
    since: Instant,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: SHORTEST, since: Instant::now() }
    }

    pub(crate) async fn pause(&mut self) {
        if self.since.elapsed() > 2 * LONGEST {
            self.next = SHORTEST;
        }
        // Not all at once, when Redis comes back.
        tokio::time::sleep(self.next.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        self.next = (2 * self.next).min(LONGEST);
        self.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::new();
        let begun = Instant::now();
        for _ in 0..20 {
            let before = Instant::now();
            backoff.pause().await;
            assert!(before.elapsed() <= LONGEST + Duration::from_millis(1));
        }
        assert!(begun.elapsed() > 10 * LONGEST / 2, "{:?}", begun.elapsed());
        tokio::time::sleep(3 * LONGEST).await;
        let before = Instant::now();
        backoff.pause().await;
        assert!(before.elapsed() <= SHORTEST + Duration::from_millis(1));
    }
}
