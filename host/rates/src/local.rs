//! Within a process, by `governor`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use crate::{Exhausted, Rate, Rates, Standing};

/// Fewer keys are not looked through for those that may be forgotten.
const FEW: usize = 1024;

/// Counts within a process.
#[derive(Default)]
pub struct LocalRates<C: Clock + Clone = MonotonicClock> {
    clock: C,
    counters: Mutex<ByRate<C>>,
}

/// Counters of those that may ask equally often.
type ByRate<C> = HashMap<Rate, Arc<Counter<C>>>;

/// A limit, and who is counted.
type Key = (&'static str, String);

impl<C: Clock + Clone> LocalRates<C> {
    /// Counts as [`Rates::take`] does, at once.
    ///
    /// # Errors
    /// [`Exhausted`] when it has asked too often; that does not count.
    pub fn count(&self, limit: &'static str, who: &str, rate: Rate) -> Result<Standing, Exhausted> {
        self.counter(rate).take(&(limit, who.to_owned()), &self.clock)
    }

    fn counter(&self, rate: Rate) -> Arc<Counter<C>> {
        let mut counters = self.counters.lock();
        counters.entry(rate).or_insert_with(|| Arc::new(Counter::new(rate, self.clock.clone()))).clone()
    }
}

#[async_trait]
impl<C: Clock + Clone + Send + Sync> Rates for LocalRates<C>
where
    C::Instant: Send + Sync,
{
    async fn take(&self, limit: &'static str, who: &str, rate: Rate) -> Result<Standing, Exhausted> {
        self.count(limit, who, rate)
    }
}

/// How often each key may ask at one rate.
struct Counter<C: Clock> {
    rate: Rate,
    /// None of an interval that is none, which no rate has.
    limiter: Option<RateLimiter<Key, HashMapStateStore<Key>, C, StateInformationMiddleware>>,
    /// With so many keys it is time to forget those that may ask as often as ever.
    crowd: AtomicUsize,
}

impl<C: Clock + Clone> Counter<C> {
    fn new(rate: Rate, clock: C) -> Self {
        let quota = Quota::with_period(rate.interval()).map(|quota| quota.allow_burst(rate.burst()));
        let limiter = quota.map(|quota| RateLimiter::new(quota, HashMapStateStore::default(), clock));
        Self { rate, limiter, crowd: AtomicUsize::new(FEW) }
    }

    fn take(&self, key: &Key, clock: &C) -> Result<Standing, Exhausted> {
        let burst = self.rate.burst().get();
        let standing = |left: u32| Standing { left, time: self.rate.time(burst.saturating_sub(left)) };
        let Some(limiter) = &self.limiter else { return Ok(standing(burst)) };
        self.forget();
        let state = limiter.check_key(key);
        let state = state.map_err(|until| Exhausted { time: until.wait_time_from(clock.now()) })?;
        Ok(standing(state.remaining_burst_capacity()))
    }

    /// Lets go of the keys that have all again, each time there are twice as many.
    fn forget(&self) {
        let Some(limiter) = &self.limiter else { return };
        if limiter.len() < self.crowd.load(Ordering::Relaxed) {
            return;
        }
        limiter.retain_recent();
        limiter.shrink_to_fit();
        self.crowd.store((2 * limiter.len()).max(FEW), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn rates() -> (LocalRates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (LocalRates { clock: clock.clone(), counters: Mutex::default() }, clock)
    }

    #[tokio::test]
    async fn counting_within_a_process_keeps_the_promises() {
        crate::conformance::check(&LocalRates::<MonotonicClock>::default()).await;
    }

    #[test]
    fn a_burst_is_allowed_and_comes_again_over_time() {
        let (rates, clock) = rates();
        let rate = Rate::new(1, Duration::from_secs(2), 3).unwrap();
        let take = || rates.count("test", "ada", rate);
        assert_eq!([(); 3].map(|()| take().unwrap().left), [2, 1, 0]);
        assert_eq!(take().unwrap_err().time, Duration::from_secs(2));
        clock.advance(Duration::from_millis(500));
        assert_eq!(take().unwrap_err().time, Duration::from_millis(1500));
        clock.advance(Duration::from_millis(1500));
        assert_eq!(take().unwrap(), Standing { left: 0, time: Duration::from_secs(6) });
        assert!(take().is_err());
        clock.advance(Duration::from_secs(60));
        assert_eq!(take().unwrap().left, 2, "no more than the burst");
    }

    #[test]
    fn who_has_all_again_is_forgotten() {
        let (rates, clock) = rates();
        let rate = Rate::new(1, Duration::from_secs(1), 1).unwrap();
        for who in 0..10 * FEW {
            rates.count("test", &who.to_string(), rate).unwrap();
            clock.advance(Duration::from_millis(100));
        }
        let kept = rates.counter(rate).limiter.as_ref().map(RateLimiter::len);
        assert!(kept.is_some_and(|kept| kept <= FEW), "{kept:?}");
    }
}
