//! Rates of two processes, whatever happens to Redis.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use simulay_rates::{Rate, Rates as _};
use simulay_signals_redis::RedisRates;
use tokio::time::timeout;

use crate::redis_server::{PATIENCE, Redis, until};

fn rate(burst: u32) -> Rate {
    Rate::new(1, Duration::from_secs(3600), burst).unwrap()
}

/// A name that nobody used before.
fn somebody() -> String {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    format!("somebody {}", DRAWN.fetch_add(1, Ordering::Relaxed))
}

/// Waits until `rates` count in Redis.
pub(crate) async fn counts(redis: &Redis, rates: &RedisRates) {
    until("Redis counts", async || {
        let before: u64 = redis.asked(&["DBSIZE"]).await;
        rates.take("connected", &somebody(), rate(1)).await.unwrap();
        redis.asked::<u64>(&["DBSIZE"]).await > before
    })
    .await;
}

async fn two() -> (Redis, RedisRates, RedisRates) {
    let redis = Redis::start().await;
    let [one, other] = [(); 2].map(|()| RedisRates::start(&redis.server(), PATIENCE));
    counts(&redis, &one).await;
    counts(&redis, &other).await;
    (redis, one, other)
}

/// Who is admitted by each of them, of as many times.
async fn admitted(rates: [&RedisRates; 2], who: &str, burst: u32) -> [usize; 2] {
    let mut admitted = [0; 2];
    for _ in 0..2 * burst {
        for (rates, admitted) in rates.iter().zip(&mut admitted) {
            let taken = timeout(PATIENCE, rates.take("test", who, rate(burst))).await.expect("it is counted");
            *admitted += usize::from(taken.is_ok());
        }
    }
    admitted
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_counts_alone_and_together_again_when_it_is_back() {
    let (mut redis, one, other) = two().await;
    assert_eq!(admitted([&one, &other], &somebody(), 4).await, [2, 2]);
    redis.kill();
    let alone = somebody();
    assert_eq!(admitted([&one, &other], &alone, 4).await, [4, 4]);
    redis.restart().await;
    counts(&redis, &one).await;
    counts(&redis, &other).await;
    assert_eq!(admitted([&one, &other], &somebody(), 4).await, [2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_counts_alone_knows_what_it_let_through_before() {
    let (mut redis, one, other) = two().await;
    let who = somebody();
    for _ in 0..3 {
        one.take("test", &who, rate(4)).await.unwrap();
    }
    redis.kill();
    assert_eq!(admitted([&one, &other], &who, 4).await, [1, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_frozen_keeps_nobody_waiting() {
    let redis = Redis::start().await;
    let rates = RedisRates::start(&redis.server(), RedisRates::PATIENCE);
    counts(&redis, &rates).await;
    redis.freeze();
    assert_eq!(admitted([&rates, &rates], &somebody(), 4).await, [2, 2]);
    redis.thaw();
    counts(&redis, &rates).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_moment_costs_its_own_counts_and_no_connection() {
    let redis = Redis::start().await;
    let rates = RedisRates::start(&redis.server(), RedisRates::PATIENCE);
    counts(&redis, &rates).await;
    let before = redis.connections().await;
    redis.freeze();
    let at_once = (0..20).map(async |_| rates.take("test", &somebody(), rate(4)).await.is_ok());
    assert!(join_all(at_once).await.iter().all(|admitted| *admitted));
    redis.thaw();
    counts(&redis, &rates).await;
    assert_eq!(redis.connections().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_server_forgets_and_goes_on() {
    let (redis, one, other) = two().await;
    let who = somebody();
    assert_eq!(admitted([&one, &other], &who, 4).await, [2, 2]);
    let () = redis.asked(&["FLUSHALL"]).await;
    let () = redis.asked(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(admitted([&one, &other], &who, 4).await, [2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_is_none_costs_only_itself() {
    let (redis, one, other) = two().await;
    let nanos = Duration::from_secs(3600).as_nanos();
    let key = |who: &str| format!("simulay:test:rate:test:{nanos}:4:{who}");
    let _: u64 = redis.asked(&["LPUSH", &key("list"), "junk"]).await;
    assert_eq!(admitted([&one, &other], "list", 4).await, [4, 4], "each counts alone");
    let () = redis.asked(&["SET", &key("text"), "junk"]).await;
    assert_eq!(admitted([&one, &other], "text", 4).await, [2, 2], "it begins anew");
    // As of a clock that was an age ahead.
    let () = redis.asked(&["SET", &key("ahead"), "9000000000000000"]).await;
    let exhausted = one.take("test", "ahead", rate(4)).await.unwrap_err();
    assert!(exhausted.time <= Duration::from_secs(3600), "{exhausted:?}");
    assert_eq!(admitted([&one, &other], &somebody(), 4).await, [2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_expire() {
    let (redis, one, _) = two().await;
    let rate = Rate::new(100, Duration::from_secs(1), 1).unwrap();
    let who = somebody();
    one.take("test", &who, rate).await.unwrap();
    let key = format!("simulay:test:rate:test:10000000:1:{who}");
    until("it is forgotten", async || redis.asked::<u64>(&["EXISTS", &key]).await == 0).await;
}
