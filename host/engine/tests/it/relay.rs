//! Logs of containers at work, read in another process than the one that works on the run.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use simulay_containers::ContainerError;
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{Log, LogStart, LogStream, StreamName};
use simulay_model::RunId;
use simulay_signals::{LocalRelay, LogName, LogRelay, LogSource};

use crate::house::{House, me};

/// One that tells no more than the first bytes.
struct Stopping(LocalRelay, usize);

#[async_trait]
impl LogRelay for Stopping {
    fn tell(&self, log: LogName, source: Arc<dyn LogSource>) {
        self.0.tell(log, source);
    }

    fn follow(&self, log: LogName, from: u64) -> BoxStream<'static, Bytes> {
        let left = self.1;
        let bytes = self.0.follow(log, from).scan(left, |left, mut bytes| {
            bytes.truncate(*left);
            *left -= bytes.len();
            std::future::ready(Some(bytes))
        });
        bytes.filter(|bytes| std::future::ready(!bytes.is_empty())).boxed()
    }

    async fn told(&self, log: LogName) -> u64 {
        self.0.told(log).await.min(self.1 as u64)
    }
}

/// One that is not there.
struct Gone;

#[async_trait]
impl LogRelay for Gone {
    fn tell(&self, _: LogName, _: Arc<dyn LogSource>) {}

    fn follow(&self, _: LogName, _: u64) -> BoxStream<'static, Bytes> {
        stream::empty().boxed()
    }

    async fn told(&self, _: LogName) -> u64 {
        0
    }
}

/// The log from `start` on, and where that is.
async fn log_from(house: &House, run: RunId, start: LogStart) -> (u64, LogStream) {
    match house.engine.reader.log(&me(), run, (0, 0), StreamName::Stdout).await.unwrap() {
        Log::AtWork(log) => log.follow(start).await,
        Log::Kept(log) => {
            let (from, length) = (start.of(log.length()), log.length());
            (from, log.read(from..length).await.unwrap())
        }
    }
}

async fn log(house: &House, run: RunId) -> LogStream {
    log_from(house, run, LogStart::At(0)).await.1
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
async fn whatever_the_relay_tells_the_whole_is_there_in_the_end() {
    let relays: [Arc<dyn LogRelay>; 3] = [
        Arc::new(Stopping(LocalRelay::default(), 0)),
        Arc::new(Stopping(LocalRelay::default(), 5)),
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
async fn whoever_comes_back_reads_on_where_he_was_in_every_process() {
    let (directory, containers) = (tempfile::tempdir().unwrap(), talkative());
    let (houses, run) = at_work(&directory, &containers, Arc::new(LocalRelay::default())).await;
    let all = b"one two three";
    let mut first = log(&houses[0], run).await;
    let mut seen = 0;
    while seen < all.len() {
        seen += first.next().await.unwrap().unwrap().len();
    }
    let mut tails = Vec::new();
    for house in &houses {
        for (start, from) in [
            (LogStart::At(4), 4),
            (LogStart::At(13), 13),
            (LogStart::Last(5), 8),
            (LogStart::Last(99), 0),
            (LogStart::Last(0), 13),
        ] {
            let (at, tail) = log_from(house, run, start).await;
            assert_eq!(at, from, "{start:?}");
            tails.push((from, tail));
        }
    }
    containers.release("left");
    houses[0].ended(run).await;
    for (from, tail) in tails {
        assert_eq!(rest(tail).await, &all[usize::try_from(from).unwrap()..], "from {from}");
    }
    let (at, tail) = log_from(&houses[1], run, LogStart::Last(5)).await;
    assert_eq!((at, rest(tail).await), (8, b"three".to_vec()), "and later");
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
