//! So often at once, and as often again over time.

use std::num::NonZeroU32;
use std::time::Duration;

/// How often somebody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// The time after which one more is allowed; never zero.
    interval: Duration,
    /// How many at once.
    burst: NonZeroU32,
}

impl Rate {
    /// `number` in `time`, and `burst` at once, at least one; none when `number` is 0, which is no limit.
    #[must_use]
    pub fn new(number: u32, time: Duration, burst: u32) -> Option<Self> {
        let interval = time.checked_div(number).filter(|interval| !interval.is_zero())?;
        Some(Self { interval, burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN) })
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, number: u32) -> Self {
        let interval = (self.interval / number.max(1)).max(Duration::from_nanos(1));
        Self {
            interval,
            burst: self.burst.saturating_mul(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)),
        }
    }

    /// `usual`, but for what is said of one account: so many a second, so many at once.
    #[must_use]
    pub fn within(usual: Option<Self>, number: Option<u64>, burst: Option<u64>) -> Option<Self> {
        let bounded = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let second = Duration::from_secs(1);
        let interval =
            number.map(|number| second / bounded(number).max(1)).or(usual.map(|usual| usual.interval))?;
        let burst = burst.or(number.filter(|_| usual.is_none())).map(bounded).and_then(NonZeroU32::new);
        let burst = burst.or(usual.map(|usual| usual.burst)).unwrap_or(NonZeroU32::MIN);
        Some(Self { interval: interval.max(Duration::from_nanos(1)), burst })
    }

    /// The time after which one more is allowed.
    #[must_use]
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// How many at once.
    #[must_use]
    pub const fn burst(self) -> NonZeroU32 {
        self.burst
    }

    /// The time after which `number` more are allowed.
    #[must_use]
    pub fn time(self, number: u32) -> Duration {
        self.interval.saturating_mul(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_account_wins() {
        let (second, usual) = (Duration::from_secs(1), Rate::new(10, Duration::from_secs(1), 50));
        assert_eq!(Rate::within(usual, None, None), usual);
        assert_eq!(Rate::within(usual, Some(2), None), Rate::new(2, second, 50));
        assert_eq!(Rate::within(usual, None, Some(7)), Rate::new(10, second, 7));
        assert_eq!(Rate::within(None, Some(2), None), Rate::new(2, second, 2));
        assert_eq!(Rate::within(None, None, Some(7)), None, "nothing is bounded in the long run");
        assert!(Rate::within(None, Some(u64::MAX), Some(u64::MAX)).is_some());
    }

    #[test]
    fn no_number_is_no_limit() {
        assert_eq!(Rate::new(0, Duration::from_secs(1), 5), None);
        assert_eq!(Rate::new(1, Duration::from_secs(1), 0), Rate::new(1, Duration::from_secs(1), 1));
        assert!(Rate::new(u32::MAX, Duration::from_secs(1), 1).is_none(), "nobody asks so often");
    }
}
