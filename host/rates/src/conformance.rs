//! What every backend promises, for a test of each: of one that counted nothing before.
#![expect(clippy::panic, reason = "part of tests")]

use std::time::Duration;

use futures_util::future::join_all;

use crate::{Rate, Rates, Standing};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(200);

/// Fails when `rates` breaks a promise.
pub async fn check(rates: &dyn Rates) {
    check_between(rates, rates).await;
    a_burst_is_allowed_and_told(rates).await;
    everybody_and_every_limit_has_its_own(rates).await;
    another_rate_begins_anew(rates).await;
    whoever_waits_as_long_as_told_may_ask_again(rates).await;
    extreme_rates_are_held(rates).await;
}

/// Fails when `one` and `other`, two processes or one, do not count together.
pub async fn check_between(one: &dyn Rates, other: &dyn Rates) {
    let rate = rate(1, HOUR, 10);
    let takes = (0..60).map(|number| {
        let rates = if number % 2 == 0 { one } else { other };
        rates.take("at once", "everybody", rate)
    });
    let admitted = join_all(takes).await.iter().filter(|taken| taken.is_ok()).count();
    assert_eq!(admitted, 10, "whoever asks at once");
}

async fn a_burst_is_allowed_and_told(rates: &dyn Rates) {
    let rate = rate(1, HOUR, 3);
    for left in [2, 1, 0] {
        let Ok(Standing { left: told, time }) = rates.take("burst", "ada", rate).await else {
            panic!("{} are allowed", left + 1)
        };
        assert_eq!(told, left);
        let all = rate.time(3 - left);
        assert!(all - HOUR / 2 < time && time <= all, "{time:?} until all is there again");
    }
    for _ in 0..3 {
        let Err(exhausted) = rates.take("burst", "ada", rate).await else { panic!("no more is allowed") };
        assert!(HOUR / 2 < exhausted.time && exhausted.time <= HOUR, "{exhausted:?}");
    }
}

async fn everybody_and_every_limit_has_its_own(rates: &dyn Rates) {
    let rate = rate(1, HOUR, 1);
    for (limit, who) in
        [("own", "ada"), ("own", "grace"), ("other", "ada"), ("own", ""), ("own", "ada:1 \u{0}")]
    {
        assert!(rates.take(limit, who, rate).await.is_ok(), "{limit} {who:?}");
        assert!(rates.take(limit, who, rate).await.is_err(), "{limit} {who:?}");
    }
}

async fn another_rate_begins_anew(rates: &dyn Rates) {
    for burst in [1, 2] {
        let rate = rate(1, HOUR, burst);
        for _ in 0..burst {
            assert!(rates.take("anew", "ada", rate).await.is_ok());
        }
        assert!(rates.take("anew", "ada", rate).await.is_err());
    }
}

async fn whoever_waits_as_long_as_told_may_ask_again(rates: &dyn Rates) {
    let rate = rate(1, SHORT, 1);
    for _ in 0..3 {
        let Err(exhausted) = exhaust(rates, rate).await else { panic!("nobody asks so slowly") };
        assert!(exhausted.time <= SHORT, "{exhausted:?}");
        tokio::time::sleep(exhausted.time).await;
        assert!(rates.take("wait", "ada", rate).await.is_ok(), "as was told");
    }
}

/// Asks until it is refused.
async fn exhaust(rates: &dyn Rates, rate: Rate) -> Result<(), crate::Exhausted> {
    for _ in 0..100 {
        rates.take("wait", "ada", rate).await?;
    }
    Ok(())
}

async fn extreme_rates_are_held(rates: &dyn Rates) {
    let Some(fastest) = Rate::within(None, Some(u64::MAX), Some(u64::MAX)) else { panic!("it is a rate") };
    let slowest = rate(1, Duration::from_secs(u64::from(u32::MAX)), 1);
    assert!(rates.take("fastest", "ada", fastest).await.is_ok());
    assert!(rates.take("slowest", "ada", slowest).await.is_ok());
    assert!(rates.take("slowest", "ada", slowest).await.is_err());
}

fn rate(number: u32, time: Duration, burst: u32) -> Rate {
    let Some(rate) = Rate::new(number, time, burst) else { panic!("{number} in {time:?} is a rate") };
    rate
}
