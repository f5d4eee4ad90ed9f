//! Pauses before what broke is tried again.

use std::time::Duration;

use crate::Entropy;

/// Pauses that double, up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Backoff {
    /// The pause after `failures` earlier ones: between half of it and all, so that what broke
    /// together does not come back together.
    pub(crate) fn pause(self, failures: u32, entropy: &dyn Entropy) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures));
        let half = doubled.min(self.longest) / 2;
        let spread = u64::try_from(half.as_millis()).unwrap_or(u64::MAX - 1);
        half + Duration::from_millis(entropy.draw() % (spread + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(30) };
        let pauses = |failures| (0..100).map(move |_| backoff.pause(failures, &SystemEntropy));
        assert!(pauses(0).all(|pause| (500..=1000).contains(&pause.as_millis())));
        assert!(pauses(3).all(|pause| (4000..=8000).contains(&pause.as_millis())));
        assert!(pauses(u32::MAX).all(|pause| (15_000..=30_000).contains(&pause.as_millis())));
        let first = pauses(5).next();
        assert!(pauses(5).any(|pause| Some(pause) != first));
    }
}
