//! How often somebody may ask: so often at once, and as often again over time (GCRA, by `governor`).

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// The fields of draft-ietf-httpapi-ratelimit-headers.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");
/// Fewer keys are not looked through for those that may be forgotten.
const FEW: usize = 1024;

/// How often somebody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// The time after which one more is allowed.
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
    pub(crate) fn times(self, number: u32) -> Self {
        let interval = (self.interval / number.max(1)).max(Duration::from_nanos(1));
        Self {
            interval,
            burst: self.burst.saturating_mul(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)),
        }
    }

    /// `usual`, but for what is said of one account: so many a second, so many at once.
    pub(crate) fn within(usual: Option<Self>, number: Option<u64>, burst: Option<u64>) -> Option<Self> {
        let bounded = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let second = Duration::from_secs(1);
        let interval =
            number.map(|number| second / bounded(number).max(1)).or(usual.map(|usual| usual.interval))?;
        let burst = burst.or(number.filter(|_| usual.is_none())).map(bounded).and_then(NonZeroU32::new);
        let burst = burst.or(usual.map(|usual| usual.burst)).unwrap_or(NonZeroU32::MIN);
        Some(Self { interval: interval.max(Duration::from_nanos(1)), burst })
    }

    fn quota(self) -> Option<Quota> {
        Some(Quota::with_period(self.interval)?.allow_burst(self.burst))
    }

    /// The time after which `number` more are allowed.
    fn time(self, number: u32) -> Duration {
        self.interval.saturating_mul(number)
    }
}

/// A limit, as clients and operators know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// In the header fields.
    pub(crate) name: &'static str,
    /// What is counted, and of whom.
    pub(crate) what: &'static str,
    pub(crate) setting: &'static str,
}

/// How often each `K` may ask.
pub(crate) struct RateLimit<K: Hash + Eq + Clone, C: Clock = MonotonicClock> {
    policy: Policy,
    rate: Rate,
    limiter: RateLimiter<K, HashMapStateStore<K>, C, StateInformationMiddleware>,
    clock: C,
    /// With so many keys it is time to forget those that may ask as often as ever.
    crowd: AtomicUsize,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    pub(crate) fn new(policy: Policy, rate: Rate) -> Option<Self> {
        Self::with_clock(policy, rate, MonotonicClock)
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> RateLimit<K, C> {
    fn with_clock(policy: Policy, rate: Rate, clock: C) -> Option<Self> {
        let limiter = RateLimiter::new(rate.quota()?, HashMapStateStore::default(), clock.clone());
        Some(Self { policy, rate, limiter, clock, crowd: AtomicUsize::new(FEW) })
    }

    /// Counts one of `key`, unless it has asked too often.
    pub(crate) fn take(&self, key: &K) -> Result<Standing, Exhausted> {
        self.forget();
        let standing = |left, time| Standing { policy: self.policy, rate: self.rate, left, time };
        match self.limiter.check_key(key) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                Ok(standing(left, self.rate.time(self.rate.burst.get().saturating_sub(left))))
            }
            Err(not_until) => Err(Exhausted(standing(0, not_until.wait_time_from(self.clock.now())))),
        }
    }

    /// Lets go of the keys that have all again, each time there are twice as many.
    fn forget(&self) {
        if self.limiter.len() < self.crowd.load(Ordering::Relaxed) {
            return;
        }
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
        self.crowd.store((2 * self.limiter.len()).max(FEW), Ordering::Relaxed);
    }
}

/// Where somebody stands with a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    policy: Policy,
    rate: Rate,
    left: u32,
    /// Until all is there again; when nothing is left, until one more is allowed.
    time: Duration,
}

impl Standing {
    /// Tells the client in the header of its answer.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Self { policy, rate, left, time } = self;
        let (name, burst) = (policy.name, rate.burst);
        let window = seconds(rate.time(burst.get()));
        add(headers, POLICY, &format!("\"{name}\";q={burst};w={window}"));
        add(headers, STANDING, &format!("\"{name}\";r={left};t={}", seconds(*time)));
    }
}

/// Adds an item to a list (RFC 9651), on its one line.
fn add(headers: &mut HeaderMap, name: HeaderName, item: &str) {
    let before = headers.get(&name).and_then(|value| value.to_str().ok());
    let list = before.map_or_else(|| item.to_owned(), |before| format!("{before}, {item}"));
    if let Ok(value) = HeaderValue::try_from(list) {
        headers.insert(name, value);
    }
}

/// Somebody has asked too often.
#[derive(Debug)]
pub(crate) struct Exhausted(Standing);

impl Exhausted {
    fn refusal(&self) -> Refusal {
        let Policy { what, setting, .. } = self.0.policy;
        let seconds = seconds(self.0.time);
        let detail = format!("there are more {what} than `{setting}` allows; try again in {seconds} s");
        Refusal::new(ProblemKind::RateLimited, detail).retry_after(seconds.get().into())
    }
}

impl IntoResponse for Exhausted {
    fn into_response(self) -> Response {
        let mut response = self.refusal().into_response();
        self.0.tell(response.headers_mut());
        response
    }
}

/// Whole seconds, at least one: nobody is told to come back at once and then refused.
fn seconds(time: Duration) -> NonZeroU32 {
    let whole = time.as_millis().div_ceil(1000);
    NonZeroU32::new(whole.try_into().unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const POLICY_OF_TEST: Policy = Policy { name: "test", what: "requests", setting: "limits.test" };

    fn limit(number: u32, time: u64, burst: u32) -> (RateLimit<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let rate = Rate::new(number, Duration::from_secs(time), burst).unwrap();
        (RateLimit::with_clock(POLICY_OF_TEST, rate, clock.clone()).unwrap(), clock)
    }

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

    fn told(standing: &Standing) -> [String; 2] {
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers);
        [POLICY, STANDING].map(|name| headers[name].to_str().unwrap().to_owned())
    }

    #[test]
    fn a_burst_is_allowed_and_comes_again_over_time() {
        let (limit, clock) = limit(1, 2, 3);
        let left: Vec<u32> = (0..3).map(|_| limit.take(&1).unwrap().left).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limit.take(&1).unwrap_err();
        assert_eq!(told(&refused.0), ["\"test\";q=3;w=6", "\"test\";r=0;t=2"]);
        assert!(limit.take(&2).is_ok(), "others have their own");
        clock.advance(Duration::from_millis(500));
        assert_eq!(
            seconds(limit.take(&1).unwrap_err().0.time).get(),
            2,
            "the rest of a second counts as one"
        );
        clock.advance(Duration::from_millis(1500));
        assert_eq!(told(&limit.take(&1).unwrap()), ["\"test\";q=3;w=6", "\"test\";r=0;t=6"]);
        assert!(limit.take(&1).is_err());
        clock.advance(Duration::from_secs(60));
        assert_eq!(limit.take(&1).unwrap().left, 2, "no more than the burst");
    }

    #[test]
    fn a_refusal_says_when_to_come_back_and_which_setting_it_is() {
        let (limit, _clock) = limit(1, 5, 1);
        limit.take(&1).unwrap();
        let response = limit.take(&1).unwrap_err().into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (429, &HeaderValue::from(5))
        );
        let refusal = response.extensions().get::<Refusal>().unwrap();
        assert!(refusal.cause().contains("`limits.test`"), "{refusal:?}");
    }

    #[test]
    fn who_has_all_again_is_forgotten() {
        let (limit, clock) = limit(1, 1, 1);
        for key in 0..10 * u32::try_from(FEW).unwrap() {
            limit.take(&key).unwrap();
            clock.advance(Duration::from_millis(100));
        }
        assert!(limit.limiter.len() <= FEW, "{}", limit.limiter.len());
    }

    #[test]
    fn no_number_is_no_limit() {
        assert_eq!(Rate::new(0, Duration::from_secs(1), 5), None);
        assert_eq!(Rate::new(1, Duration::from_secs(1), 0), Rate::new(1, Duration::from_secs(1), 1));
        assert!(Rate::new(u32::MAX, Duration::from_secs(1), 1).is_none(), "nobody asks so often");
    }

    #[test]
    fn limits_are_told_in_one_list() {
        let mut headers = HeaderMap::new();
        add(&mut headers, STANDING, "\"account\";r=1;t=1");
        add(&mut headers, STANDING, "\"address\";r=2;t=1");
        assert_eq!(headers[STANDING], "\"account\";r=1;t=1, \"address\";r=2;t=1");
        assert_eq!(headers.len(), 1);
    }
}
