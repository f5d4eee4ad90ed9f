//! Logs between two processes, whatever happens to Redis.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use simulay_model::{ContainerName, RunId};
use simulay_signals::{LogName, LogPiece, LogRelay as _, StreamName};
use simulay_signals_redis::RedisLogs;
use tokio::time::timeout;

use crate::redis_server::{PATIENCE, Redis, until};

fn log() -> LogName {
    let container = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
    LogName { container, stream: StreamName::Stdout }
}

fn piece(offset: u64, text: &'static str) -> LogPiece {
    LogPiece { offset, bytes: Bytes::from_static(text.as_bytes()) }
}

async fn two() -> (Redis, RedisLogs, RedisLogs) {
    let redis = Redis::start().await;
    let [here, there] = [(); 2].map(|()| RedisLogs::start(&redis.server()));
    (redis, here, there)
}

async fn next(follower: &mut BoxStream<'static, LogPiece>) -> Option<LogPiece> {
    timeout(PATIENCE, follower.next()).await.expect("something is told")
}

fn key(log: LogName) -> String {
    format!("simulay:test:log:{}:stdout", log.container)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_ends_what_is_told() {
    let (mut redis, here, there) = two().await;
    let log = log();
    here.publish(log, piece(0, "one "));
    let mut follower = there.follow(log);
    assert_eq!(next(&mut follower).await, Some(piece(0, "one ")));
    redis.kill();
    (1..10_000).for_each(|number| here.publish(log, piece(4 * number, "more")));
    assert_eq!(next(&mut follower).await, None);
    redis.restart().await;
    until("logs are told again", async || {
        here.publish(log, piece(80_000, "new"));
        redis.asked::<u64>(&["EXISTS", &key(log)]).await == 1
    })
    .await;
    let first = std::cell::Cell::new(0);
    until("who follows is told again", async || {
        let told = next(&mut there.follow(log)).await;
        told.inspect(|piece| first.set(piece.offset)).is_some()
    })
    .await;
    assert!(first.get() > 0, "what is lost is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_server_leaves_a_gap() {
    let (redis, here, there) = two().await;
    let log = log();
    here.publish(log, piece(0, "one "));
    let mut follower = there.follow(log);
    assert_eq!(next(&mut follower).await, Some(piece(0, "one ")));
    let () = redis.asked(&["FLUSHALL"]).await;
    here.publish(log, piece(8, "three"));
    assert_eq!(next(&mut follower).await, Some(piece(8, "three")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_frozen_drops_what_there_is_no_room_for() {
    let (redis, here, there) = two().await;
    let log = log();
    here.publish(log, piece(0, "one "));
    let mut follower = there.follow(log);
    assert_eq!(next(&mut follower).await, Some(piece(0, "one ")));
    redis.freeze();
    let much = Bytes::from(vec![b'x'; 64 << 10]);
    for number in 0..1000_u64 {
        here.publish(
            log,
            LogPiece { offset: 4 + number * much.len() as u64 % (8 << 20), bytes: much.clone() },
        );
    }
    redis.thaw();
    while let Some(piece) = next(&mut follower).await {
        if piece.offset != 4 && piece.offset != 0 {
            break;
        }
    }
    until("there is room again", async || {
        here.publish(log, piece(0, "again"));
        redis.asked::<u64>(&["XLEN", &key(log)]).await > 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_bounded_and_expires() {
    let (redis, here, there) = two().await;
    let log = log();
    let ttl = async || redis.asked::<i64>(&["TTL", &key(log)]).await;
    here.publish(log, piece(0, "one"));
    until("it is written", async || ttl().await > 0).await;
    assert!(ttl().await > 60, "while the container is at work");
    here.publish(log, piece(u64::MAX, "nobody tells so much"));
    for round in 0..10_u64 {
        // None follows another: they are not put together.
        (0..1000).for_each(|number| here.publish(log, piece(2 * (round * 1000 + number), "x")));
        until("it is written", async || redis.asked::<u64>(&["XLEN", &key(log)]).await > 900).await;
    }
    until("the end is told", async || {
        here.end(log);
        ttl().await <= 60
    })
    .await;
    let entries: u64 = redis.asked(&["XLEN", &key(log)]).await;
    assert!(entries < 5000, "{entries}");
    let mut follower = there.follow(log);
    while let Some(piece) = next(&mut follower).await {
        assert!(piece.offset < u64::MAX);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_piece_is_left_out() {
    let (redis, here, there) = two().await;
    let log = log();
    here.publish(log, piece(0, "one"));
    let mut follower = there.follow(log);
    assert_eq!(next(&mut follower).await, Some(piece(0, "one")));
    for junk in [["o", "nothing"], ["o", "-1"], ["x", "y"]] {
        let _: String = redis.asked(&["XADD", &key(log), "*", junk[0], junk[1], "b", "junk"]).await;
    }
    here.publish(log, piece(3, "two"));
    assert_eq!(next(&mut follower).await, Some(piece(3, "two")));
    let other = LogName { stream: StreamName::Stderr, ..log };
    let _: u64 = redis.asked(&["LPUSH", &key(log).replace("stdout", "stderr"), "junk"]).await;
    assert_eq!(next(&mut there.follow(other)).await, None, "what is no log tells nothing");
}
