//! What every backend of logs promises.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use simulay_model::{ContainerName, RunId};
use tokio::sync::watch;
use tokio::time::timeout;

use super::PATIENCE;
use crate::{LogName, LogRelay, LogSource, StreamName};

/// Bytes that are told at once.
const PART: usize = 64 << 10;

/// A log that says what it is made to. Over when it is dropped, whoever relays it.
pub struct Said {
    /// Which it is, unlike any other.
    pub log: LogName,
    bytes: watch::Sender<Vec<u8>>,
}

impl Said {
    /// A log that `relay` tells, and that says nothing yet.
    #[must_use]
    pub fn told_by(relay: &dyn LogRelay) -> Self {
        let container = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
        let log = LogName { container, stream: StreamName::Stdout };
        Self::new(log, relay)
    }

    fn new(log: LogName, relay: &dyn LogRelay) -> Self {
        let bytes = watch::Sender::default();
        relay.tell(log, Arc::new(Source(bytes.subscribe())));
        Self { log, bytes }
    }

    /// Says more.
    pub fn say(&self, text: impl AsRef<[u8]>) {
        self.bytes.send_modify(|bytes| bytes.extend_from_slice(text.as_ref()));
    }
}

struct Source(watch::Receiver<Vec<u8>>);

#[async_trait]
impl LogSource for Source {
    async fn after(&self, from: u64) -> Bytes {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let mut said = self.0.clone();
        let more = said.wait_for(|bytes| bytes.len() > from).await.ok();
        let part = more.map(|bytes| bytes.iter().skip(from).take(PART).copied().collect());
        match part {
            Some(part) => part,
            None => std::future::pending().await,
        }
    }

    async fn ended(&self) {
        let mut said = self.0.clone();
        while said.changed().await.is_ok() {}
    }

    fn length(&self) -> u64 {
        self.0.borrow().len() as u64
    }
}

/// Fails when `relay` breaks a promise.
pub async fn check(relay: &dyn LogRelay) {
    check_between(relay, relay).await;
}

/// Fails when what is told here is not followed there: `here` and `there` are two processes, or one.
pub async fn check_between(here: &dyn LogRelay, there: &dyn LogRelay) {
    whoever_comes_late_has_it_from_where_he_asks(here, there).await;
    whoever_comes_early_waits(here, there).await;
    logs_are_told_apart(here, there).await;
    what_another_tells_again_does_not_confuse(here, there).await;
    many_lines_come_in_order(here, there).await;
    any_bytes_come_through(here, there).await;
    how_much_is_told_is_known(here, there).await;
}

async fn how_much_is_told_is_known(here: &dyn LogRelay, there: &dyn LogRelay) {
    let said = Said::told_by(here);
    assert_eq!(there.told(said.log).await, 0);
    said.say("one two");
    assert_eq!(read(there, said.log, 7).await, b"one two");
    assert_eq!(there.told(said.log).await, 7);
}

async fn whoever_comes_late_has_it_from_where_he_asks(here: &dyn LogRelay, there: &dyn LogRelay) {
    let said = Said::told_by(here);
    said.say("one ");
    assert_eq!(read(there, said.log, 4).await, b"one ");
    said.say("two");
    assert_eq!(read(there, said.log, 7).await, b"one two");
    assert_eq!(self::said(&mut there.follow(said.log, 2), 5).await, b"e two");
}

async fn whoever_comes_early_waits(here: &dyn LogRelay, there: &dyn LogRelay) {
    let said = Said::told_by(here);
    let mut follower = there.follow(said.log, 0);
    said.say("one ");
    assert_eq!(self::said(&mut follower, 4).await, b"one ");
    said.say("two");
    assert_eq!(self::said(&mut follower, 3).await, b"two");
}

async fn logs_are_told_apart(here: &dyn LogRelay, there: &dyn LogRelay) {
    let one = Said::told_by(here);
    let stderr = Said::new(LogName { stream: StreamName::Stderr, ..one.log }, here);
    let next = ContainerName { attempt: 1, ..one.log.container };
    let next = Said::new(LogName { container: next, ..one.log }, here);
    let all = [(one, "one"), (stderr, "err"), (next, "new")];
    all.iter().for_each(|(said, text)| said.say(text));
    for (said, text) in &all {
        assert_eq!(read(there, said.log, 3).await, text.as_bytes());
    }
}

/// As when another process takes the container up.
async fn what_another_tells_again_does_not_confuse(here: &dyn LogRelay, there: &dyn LogRelay) {
    let first = Said::told_by(here);
    let (log, mut follower) = (first.log, there.follow(first.log, 0));
    first.say("one ");
    assert_eq!(self::said(&mut follower, 4).await, b"one ");
    drop(first);
    let second = Said::new(log, there);
    second.say("one two ");
    assert_eq!(self::said(&mut follower, 4).await, b"two ");
    second.say("three");
    assert_eq!(read(here, log, 13).await, b"one two three");
}

async fn many_lines_come_in_order(here: &dyn LogRelay, there: &dyn LogRelay) {
    let said = Said::told_by(here);
    let mut follower = there.follow(said.log, 0);
    let lines: Vec<String> = (0..10_000).map(|number| format!("line {number}\n")).collect();
    for line in &lines {
        said.say(line);
        tokio::task::yield_now().await;
    }
    let all = lines.concat();
    assert_eq!(self::said(&mut follower, all.len()).await, all.as_bytes());
    assert_eq!(read(there, said.log, all.len()).await, all.as_bytes(), "also who comes late");
}

async fn any_bytes_come_through(here: &dyn LogRelay, there: &dyn LogRelay) {
    let (said, all): (_, Vec<u8>) = (Said::told_by(here), (0..=255).cycle().take(500_000).collect());
    said.say(&all);
    assert_eq!(read(there, said.log, all.len()).await, all);
}

async fn read(relay: &dyn LogRelay, log: LogName, length: usize) -> Vec<u8> {
    said(&mut relay.follow(log, 0), length).await
}

/// The next bytes, so many or a few more.
pub async fn said(follower: &mut BoxStream<'static, Bytes>, length: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < length {
        let Ok(Some(bytes)) = timeout(PATIENCE, follower.next()).await else {
            panic!("more was said than {} bytes", all.len())
        };
        all.extend_from_slice(&bytes);
    }
    all
}
