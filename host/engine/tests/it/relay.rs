//! Logs of containers at work, read in another process than the one that works on the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use simulay_containers::ContainerError;
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{LogStream, StreamName};
use simulay_model::RunId;
use simulay_signals::{LocalRelay, LogName, LogPiece, LogRelay};

use crate::house::{House, me};

/// Drops the pieces that it is told to drop, by their number.
struct Dropping<D> {
    relay: LocalRelay,
    told: AtomicUsize,
    drops: D,
}

impl<D: Fn(usize) -> bool> Dropping<D> {
    fn new(drops: D) -> Self {
        Self { relay: LocalRelay::default(), told: AtomicUsize::new(0), drops }
    }
}

impl<D: Fn(usize) -> bool + Send + Sync> LogRelay for Dropping<D> {
    fn publish(&self, log: LogName, piece: LogPiece) {
        if !(self.drops)(self.told.fetch_add(1, Ordering::Relaxed)) {
            self.relay.publish(log, piece);
        }
    }

    fn end(&self, log: LogName) {
        self.relay.end(log);
    }

    fn follow(&self, log: LogName) -> BoxStream<'static, LogPiece> {
        self.relay.follow(log)
    }
}

/// One that is not there.
struct Gone;

impl LogRelay for Gone {
    fn publish(&self, _: LogName, _: LogPiece) {}

    fn end(&self, _: LogName) {}

    fn follow(&self, _: LogName) -> BoxStream<'static, LogPiece> {
        stream::empty().boxed()
    }
}

async fn log(house: &House, run: RunId) -> LogStream {
    house.engine.reader.log(&me(), run, (0, 0), StreamName::Stdout).await.unwrap()
}

async fn rest(log: LogStream) -> Vec<u8> {
    log.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

/// A run whose first container has said all and is still at work, and the engine that does not work on it.
async fn at_work(
    directory: &tempfile::TempDir,
    containers: &Scripted,
    relay: Arc<dyn LogRelay>,
) -> ([House; 2], RunId) {
    let houses = House::pair(directory.path(), containers, &relay);
    houses[0].upload().await;
    let run = houses[0].create(json!({})).await;
    houses[0].started(2).await;
    (houses, run)
}

fn talkative() -> Scripted {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).stdout("one ").stdout("two ").stdout("three").held());
    containers
}

#[tokio::test]
async fn what_a_container_says_is_seen_elsewhere_while_it_is_at_work() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), talkative());
    let (houses, run) = at_work(&directory, &containers, Arc::new(LocalRelay::default())).await;
    let mut log = log(&houses[1], run).await;
    let mut seen = Vec::new();
    while seen.len() < b"one two three".len() {
        seen.extend_from_slice(&log.next().await.unwrap().unwrap());
    }
    assert_eq!(seen, b"one two three");
    containers.release("left");
    assert_eq!(rest(log).await, b"", "nothing is told twice");
    houses[0].ended(run).await;
}

#[tokio::test]
async fn whatever_the_relay_drops_the_whole_is_there_in_the_end() {
    let relays: [Arc<dyn LogRelay>; 5] = [
        Arc::new(Dropping::new(|number| number == 0)),
        Arc::new(Dropping::new(|number| number == 1)),
        Arc::new(Dropping::new(|number| number >= 2)),
        Arc::new(Dropping::new(|_| true)),
        Arc::new(Gone),
    ];
    for relay in relays {
        let (directory, containers) = (tempfile::tempdir().unwrap(), talkative());
        let (houses, run) = at_work(&directory, &containers, relay).await;
        let elsewhere = tokio::spawn(rest(log(&houses[1], run).await));
        containers.release("left");
        houses[0].ended(run).await;
        assert_eq!(elsewhere.await.unwrap(), b"one two three");
        assert_eq!(rest(log(&houses[1], run).await).await, b"one two three", "and later");
    }
}

#[tokio::test]
async fn attempts_are_not_mixed() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), Scripted::new());
    let breaks = Act::breaks(|| ContainerError::Lost("gone".to_owned()));
    containers.on("left", breaks.stdout("first attempt").held());
    containers.on("left", Act::exits(0).stdout("the second"));
    let (houses, run) = at_work(&directory, &containers, Arc::new(LocalRelay::default())).await;
    let mut first = log(&houses[1], run).await;
    assert_eq!(first.next().await.unwrap().unwrap(), "first attempt");
    containers.release("left");
    houses[0].ended(run).await;
    assert_eq!(rest(first).await, b"");
    assert_eq!(rest(log(&houses[1], run).await).await, b"the second");
}

#[tokio::test]
async fn a_run_that_is_cancelled_ends_its_logs_elsewhere() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), talkative());
    let (houses, run) = at_work(&directory, &containers, Arc::new(Gone)).await;
    let elsewhere = tokio::spawn(rest(log(&houses[1], run).await));
    houses[1].engine.intake.cancel(&me(), run).await.unwrap();
    houses[0].ended(run).await;
    assert_eq!(elsewhere.await.unwrap(), b"");
}
