//! Signals between two processes, whatever happens to Redis.

use std::time::Duration;

use simulay_model::RunId;
use simulay_signals::{Heard, Signal, Signals as _, Subscription, Topic};
use simulay_signals_redis::RedisSignals;
use tokio::time::timeout;

use crate::redis_server::{PATIENCE, Redis, until};

/// Longer than a connection is trusted that says nothing.
const LONG: Duration = Duration::from_secs(6);

/// Two processes and somebody who listens in the second.
struct Two {
    redis: Redis,
    here: RedisSignals,
    there: RedisSignals,
    run: RunId,
    heard: Subscription,
}

impl Two {
    async fn start() -> Self {
        let redis = Redis::start().await;
        let [here, there] = [(); 2].map(|()| RedisSignals::start(&redis.server()));
        let run = RunId::generate();
        let heard = there.subscribe(Topic::Run(run));
        let mut two = Self { redis, here, there, run, heard };
        two.reaches_anew().await;
        two
    }

    /// Waits until signals come through on a new connection, and it is said that some may be missed until then.
    async fn reaches_anew(&mut self) {
        // The first that comes through may be heard a little before.
        if !self.reaches().await {
            while next(&mut self.heard).await != Heard::Missed {}
        }
    }

    /// Waits until signals come through; true when some were said to be missed meanwhile.
    async fn reaches(&mut self) -> bool {
        let mut missed = false;
        let waited = async {
            loop {
                self.here.publish(Signal::RunChanged(self.run));
                match timeout(Duration::from_millis(50), self.heard.next()).await {
                    Ok(Heard::Signal(_)) => return,
                    Ok(Heard::Missed) => missed = true,
                    Ok(Heard::Closed) => panic!("more comes"),
                    Err(_) => {}
                }
            }
        };
        timeout(PATIENCE, waited).await.expect("signals come through");
        missed
    }

    /// Signals within a process are heard at once.
    async fn local_ones_are_heard(&self) {
        let run = RunId::generate();
        let mut heard = self.here.subscribe(Topic::Run(run));
        self.here.publish(Signal::RunChanged(run));
        assert_eq!(next(&mut heard).await, Heard::Signal(Signal::RunChanged(run)));
    }
}

async fn next(heard: &mut Subscription) -> Heard {
    timeout(PATIENCE, heard.next()).await.expect("something is heard")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_costs_time_only() {
    let mut two = Two::start().await;
    for _ in 0..2 {
        assert!(two.there.is_connected());
        two.redis.kill();
        until("the loss is seen", async || !two.there.is_connected()).await;
        two.local_ones_are_heard().await;
        two.redis.restart().await;
        two.reaches_anew().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_frozen_costs_time_only() {
    let mut two = Two::start().await;
    let mut elsewhere = two.there.subscribe(Topic::Work);
    assert_eq!(next(&mut elsewhere).await, Heard::Missed, "it may have, until now");
    two.redis.freeze();
    // More than wait for Redis: some are dropped, and nobody waits.
    (0..20_000).for_each(|_| two.here.publish(Signal::RunChanged(two.run)));
    two.local_ones_are_heard().await;
    tokio::time::sleep(LONG).await;
    two.redis.thaw();
    two.reaches().await;
    assert_eq!(next(&mut elsewhere).await, Heard::Missed, "also who was sent nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_could_not_say_is_told_as_missed() {
    let two = Two::start().await;
    let mut elsewhere = two.there.subscribe(Topic::Work);
    assert_eq!(next(&mut elsewhere).await, Heard::Missed, "it may have, until now");
    two.redis.freeze();
    (0..20_000).for_each(|_| two.here.publish(Signal::RunChanged(two.run)));
    two.redis.thaw();
    assert_eq!(next(&mut elsewhere).await, Heard::Missed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_as_missed_and_costs_no_connection() {
    let two = Two::start().await;
    let mut elsewhere = two.there.subscribe(Topic::Work);
    assert_eq!(next(&mut elsewhere).await, Heard::Missed, "it may have, until now");
    let () = two.redis.asked(&["ACL", "SETUSER", "default", "-publish"]).await;
    let before = two.redis.connections().await;
    two.here.publish(Signal::RunChanged(two.run));
    let refused = async || !two.redis.asked::<Vec<redis::Value>>(&["ACL", "LOG"]).await.is_empty();
    until("it is refused", refused).await;
    assert_eq!(two.redis.connections().await, before);
    let () = two.redis.asked(&["ACL", "SETUSER", "default", "+publish"]).await;
    assert_eq!(next(&mut elsewhere).await, Heard::Missed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_signals_of_a_process_that_ends_are_heard() {
    let Two { redis: _redis, here, there, .. } = Two::start().await;
    let mut elsewhere = there.subscribe(Topic::Work);
    assert_eq!(next(&mut elsewhere).await, Heard::Missed, "it may have, until now");
    let last = Signal::CancelRequested(RunId::generate());
    here.publish(last.clone());
    here.flush().await;
    drop(here);
    assert_eq!(next(&mut elsewhere).await, Heard::Signal(last));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_cut_off_is_told_once() {
    let two = Two::start().await;
    let mut elsewhere = two.there.subscribe(Topic::Work);
    assert_eq!(next(&mut elsewhere).await, Heard::Missed, "it may have, until now");
    let cut: u64 = two.redis.asked(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    assert_eq!(cut, 2, "each process hears on one connection");
    assert_eq!(next(&mut elsewhere).await, Heard::Missed);
    let last = Signal::CancelRequested(RunId::generate());
    two.here.publish(last.clone());
    assert_eq!(next(&mut elsewhere).await, Heard::Signal(last));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_server_changes_nothing() {
    let mut two = Two::start().await;
    let () = two.redis.asked(&["FLUSHALL"]).await;
    assert!(!two.reaches().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_signal_is_a_hint_to_look() {
    let two = Two::start().await;
    let run = RunId::generate();
    let mut heard = two.there.subscribe(Topic::Run(run));
    assert_eq!(next(&mut heard).await, Heard::Missed, "it may have, until now");
    let channel = format!("simulay:test:run:{run}");
    let other = format!(
        r#"{{"from":"{}","signal":{{"cancel_requested":"{run}"}}}}"#,
        "00000000-0000-0000-0000-000000000000"
    );
    for said in ["", "\u{0}\u{1}", "{}", "[[[[[[", r#"{"from":1}"#, other.as_str()] {
        let heard_by: u64 = two.redis.asked(&["PUBLISH", &channel, said]).await;
        assert_eq!(heard_by, 1);
        assert_eq!(next(&mut heard).await, Heard::Missed, "{said:?}");
    }
    let said = format!(
        r#"{{"from":"{}","signal":{{"run_changed":"{run}"}}}}"#,
        "00000000-0000-0000-0000-000000000000"
    );
    let _: u64 = two.redis.asked(&["PUBLISH", &channel, &said]).await;
    assert_eq!(next(&mut heard).await, Heard::Signal(Signal::RunChanged(run)));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_topics_are_heard_on_one_connection_and_let_go_of() {
    let two = Two::start().await;
    let runs: Vec<RunId> = (0..10_000).map(|_| RunId::generate()).collect();
    let mut all: Vec<_> = runs.iter().map(|run| (*run, two.there.subscribe(Topic::Run(*run)))).collect();
    for (_, heard) in &mut all {
        assert_eq!(next(heard).await, Heard::Missed, "Redis has confirmed it");
    }
    for some in all.chunks_mut(1000) {
        some.iter().for_each(|(run, _)| two.here.publish(Signal::RunChanged(*run)));
        for (run, heard) in some {
            assert_eq!(next(heard).await, Heard::Signal(Signal::RunChanged(*run)));
        }
    }
    drop(all);
    let _listening = two.there.subscribe(Topic::Work);
    until("channels are let go of", async || {
        let channels: Vec<String> = two.redis.asked(&["PUBSUB", "CHANNELS"]).await;
        channels.len() == 3
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_do_not_hear_each_other() {
    let mut two = Two::start().await;
    let settings =
        simulay_signals_redis::RedisSettings { instance: "other".to_owned(), ..two.redis.settings() };
    let server = simulay_signals_redis::RedisServer::new(&settings).unwrap();
    let other = RedisSignals::start(&server);
    let mut heard = other.subscribe(Topic::Run(two.run));
    assert_eq!(next(&mut heard).await, Heard::Missed, "it may have, until now");
    two.reaches().await;
    other.publish(Signal::RunChanged(two.run));
    assert_eq!(next(&mut heard).await, Heard::Signal(Signal::RunChanged(two.run)));
    heard.forget();
    assert!(timeout(Duration::from_millis(200), heard.next()).await.is_err(), "nothing of the others");
}
