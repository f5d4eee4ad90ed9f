//! Logs between two processes, whatever happens to Redis.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use simulay_signals::conformance::{Said, said};
use simulay_signals::{LogName, LogRelay as _};
use simulay_signals_redis::RedisLogs;
use tokio::time::timeout;

use crate::redis_server::Redis;

/// Longer than Redis may take for an answer.
const LONG: Duration = Duration::from_secs(4);

async fn two() -> (Redis, RedisLogs, RedisLogs) {
    let redis = Redis::start().await;
    let [here, there] = [(); 2].map(|()| RedisLogs::start(&redis.server()));
    (redis, here, there)
}

fn key(log: LogName) -> String {
    format!("simulay:test:log:{}:stdout", log.container)
}

/// Somebody who reads on from the start, and somebody who comes by now, see all.
async fn all_is_seen(
    there: &RedisLogs,
    log: LogName,
    early: &mut BoxStream<'static, Bytes>,
    text: [&str; 2],
) {
    let [seen, all] = text;
    assert_eq!(said(early, all.len() - seen.len()).await, &all.as_bytes()[seen.len()..]);
    assert_eq!(said(&mut there.follow(log, 0), all.len()).await, all.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_is_told_all_again() {
    let (mut redis, here, there) = two().await;
    let log = Said::told_by(&here);
    let silent = Said::told_by(&here);
    log.say("one ");
    silent.say("once");
    let mut follower = there.follow(log.log, 0);
    assert_eq!(said(&mut follower, 4).await, b"one ");
    assert_eq!(said(&mut there.follow(silent.log, 0), 4).await, b"once");
    redis.kill();
    log.say("two ");
    assert!(timeout(Duration::from_millis(200), follower.next()).await.is_err());
    redis.restart().await;
    log.say("three");
    all_is_seen(&there, log.log, &mut follower, ["one ", "one two three"]).await;
    assert_eq!(said(&mut there.follow(silent.log, 0), 4).await, b"once", "also what says nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_server_is_told_all_again() {
    let (redis, here, there) = two().await;
    let log = Said::told_by(&here);
    log.say("one ");
    let mut follower = there.follow(log.log, 0);
    assert_eq!(said(&mut follower, 4).await, b"one ");
    let () = redis.asked(&["FLUSHALL"]).await;
    let () = redis.asked(&["SCRIPT", "FLUSH"]).await;
    log.say("two");
    all_is_seen(&there, log.log, &mut follower, ["one ", "one two"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_frozen_costs_time_only() {
    let (redis, here, there) = two().await;
    let log = Said::told_by(&here);
    log.say("one ");
    let mut follower = there.follow(log.log, 0);
    assert_eq!(said(&mut follower, 4).await, b"one ");
    redis.freeze();
    let much = "x".repeat(1 << 20);
    log.say(&much);
    tokio::time::sleep(LONG).await;
    redis.thaw();
    all_is_seen(&there, log.log, &mut follower, ["one ", &format!("one {much}")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_container_says_does_not_cost_another_its_log() {
    let (_redis, here, there) = two().await;
    let loud: Vec<Said> = (0..20).map(|_| Said::told_by(&here)).collect();
    loud.iter().for_each(|log| log.say("x".repeat(2 << 20)));
    let quiet = Said::told_by(&here);
    quiet.say("quiet");
    assert_eq!(said(&mut there.follow(quiet.log, 0), 5).await, b"quiet");
    for log in &loud {
        assert_eq!(said(&mut there.follow(log.log, 0), 2 << 20).await.len(), 2 << 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_bounded_and_expires() {
    let (redis, here, there) = two().await;
    const MOST: usize = 16 << 20;
    let log = Said::told_by(&here);
    log.say("x".repeat(MOST + 1));
    let mut follower = there.follow(log.log, 0);
    assert_eq!(said(&mut follower, MOST).await.len(), MOST);
    assert!(timeout(Duration::from_millis(500), follower.next()).await.is_err(), "no more is told");
    let left = redis.asked::<i64>(&["TTL", &key(log.log)]).await;
    assert!((1..=60).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_log_is_asked_for_again() {
    let (redis, here, there) = two().await;
    let (log, other) = (Said::told_by(&here), Said::told_by(&here));
    let _: u64 = redis.asked(&["LPUSH", &key(log.log), "junk"]).await;
    log.say("one");
    let mut follower = there.follow(log.log, 0);
    assert!(timeout(Duration::from_millis(200), follower.next()).await.is_err());
    other.say("other");
    assert_eq!(said(&mut there.follow(other.log, 0), 5).await, b"other", "it costs no other log");
    let () = redis.asked(&["DEL", &key(log.log)]).await;
    assert_eq!(said(&mut follower, 3).await, b"one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_no_room_is_told_once_it_has() {
    let (redis, here, there) = two().await;
    let log = Said::told_by(&here);
    log.say("one ");
    assert_eq!(said(&mut there.follow(log.log, 0), 4).await, b"one ");
    let () = redis.asked(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let before = redis.connections().await;
    log.say("two");
    let mut follower = there.follow(log.log, 4);
    assert!(timeout(Duration::from_millis(500), follower.next()).await.is_err());
    assert_eq!(redis.connections().await, before, "a refusal is no lost connection");
    let () = redis.asked(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(said(&mut follower, 3).await, b"two");
}
