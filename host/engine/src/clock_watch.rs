//! Watches the clock of the machine. Nothing grows old by it, but whoever reads times should know that
//! it jumped.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use simulay_model::Clock;
use tokio::time::Instant;

/// Between two looks.
pub(crate) const TICK: Duration = Duration::from_secs(60);
/// Less is how clocks are kept right.
const JUMP: SignedDuration = SignedDuration::from_secs(60);

/// A jump of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockJump {
    /// What the clock said after it.
    pub at: Timestamp,
    /// By how much; back when it is negative.
    pub by: SignedDuration,
}

/// The clock beside one that only goes on.
pub(crate) struct ClockWatch {
    wall: Timestamp,
    steady: Instant,
}

impl ClockWatch {
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), steady: Instant::now() }
    }

    /// How long the host has been at work since the look before, and a jump since then.
    pub(crate) fn look(&mut self, clock: &dyn Clock) -> (Duration, Option<ClockJump>) {
        let before = std::mem::replace(self, Self::new(clock));
        let passed = self.steady.duration_since(before.steady);
        let told = self.wall.duration_since(before.wall);
        let by = told - SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        (passed, (by.abs() > JUMP).then_some(ClockJump { at: self.wall, by }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Hands(Mutex<Timestamp>);

    impl Hands {
        fn turn(&self, seconds: i64) {
            *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_is_told_from_one_that_goes() {
        let clock = Hands(Mutex::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let (mut watch, minute) = (ClockWatch::new(&clock), Duration::from_secs(60));
        for (turned, by) in
            [(60, None), (75, None), (60 + 86_400, Some(86_400)), (60 - 86_400, Some(-86_400))]
        {
            tokio::time::sleep(minute).await;
            clock.turn(turned);
            let (passed, jump) = watch.look(&clock);
            assert_eq!(passed, minute);
            assert_eq!(jump.map(|jump| jump.by.as_secs()), by);
        }
    }
}
