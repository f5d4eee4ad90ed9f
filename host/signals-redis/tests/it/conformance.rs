//! What every backend promises.

use simulay_signals_redis::{RedisLogs, RedisRates, RedisSignals};

use crate::redis_server::{PATIENCE, Redis};

#[tokio::test(flavor = "multi_thread")]
async fn signals_keep_the_promises_within_a_process_and_between_two() {
    let redis = Redis::start().await;
    let (one, other) = (RedisSignals::start(&redis.server()), RedisSignals::start(&redis.server()));
    simulay_signals::conformance::check(&one).await;
    simulay_signals::conformance::check_between(&one, &other).await;
    simulay_signals::conformance::check_between(&other, &one).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_keep_the_promises_within_a_process_and_between_two() {
    let redis = Redis::start().await;
    let (one, other) = (RedisLogs::start(&redis.server()), RedisLogs::start(&redis.server()));
    simulay_signals::conformance::check_relay(&one).await;
    simulay_signals::conformance::check_relay_between(&one, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_keep_the_promises_within_a_process() {
    let redis = Redis::start().await;
    let rates = RedisRates::start(&redis.server(), PATIENCE);
    crate::rates::counts(&redis, &rates).await;
    simulay_rates::conformance::check(&rates).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_count_together() {
    let redis = Redis::start().await;
    let [one, other] = [(); 2].map(|()| RedisRates::start(&redis.server(), PATIENCE));
    crate::rates::counts(&redis, &one).await;
    crate::rates::counts(&redis, &other).await;
    simulay_rates::conformance::check_between(&one, &other).await;
}

/// Without Redis nothing is heard of others, and all else is as within a process.
#[tokio::test(flavor = "multi_thread")]
async fn without_redis_a_process_keeps_the_promises_alone() {
    let mut redis = Redis::start().await;
    redis.kill();
    simulay_signals::conformance::check(&RedisSignals::start(&redis.server())).await;
    simulay_rates::conformance::check(&RedisRates::start(&redis.server(), PATIENCE)).await;
}
