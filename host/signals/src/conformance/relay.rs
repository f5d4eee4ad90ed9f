//! What every backend of logs promises.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use simulay_model::{ContainerName, RunId};
use tokio::time::timeout;

use super::PATIENCE;
use crate::{LogName, LogPiece, LogRelay, StreamName};

/// Fails when `relay` breaks a promise.
pub async fn check(relay: &dyn LogRelay) {
    check_between(relay, relay).await;
}

/// Fails when what is told here is not followed there: `here` and `there` are two processes, or one.
pub async fn check_between(here: &dyn LogRelay, there: &dyn LogRelay) {
    whoever_comes_late_has_it_from_the_start(here, there).await;
    whoever_comes_early_waits(here, there).await;
    logs_are_told_apart(here, there).await;
    what_is_said_again_does_not_confuse(here, there).await;
    many_pieces_come_in_order(here, there).await;
    any_bytes_come_through(here, there).await;
}

async fn whoever_comes_late_has_it_from_the_start(here: &dyn LogRelay, there: &dyn LogRelay) {
    let log = log();
    here.publish(log, piece(0, "one "));
    let mut early = there.follow(log);
    assert_eq!(said(&mut early, 4).await, b"one ");
    here.publish(log, piece(4, "two"));
    assert_eq!(said(&mut there.follow(log), 7).await, b"one two");
}

async fn whoever_comes_early_waits(here: &dyn LogRelay, there: &dyn LogRelay) {
    let log = log();
    let mut follower = there.follow(log);
    here.publish(log, piece(0, "one "));
    here.publish(log, piece(4, "two"));
    assert_eq!(said(&mut follower, 7).await, b"one two");
    here.end(log);
    let end = timeout(PATIENCE, follower.next()).await;
    assert_eq!(end.unwrap_or_else(|_| panic!("the end is told")), None);
}

async fn logs_are_told_apart(here: &dyn LogRelay, there: &dyn LogRelay) {
    let one = log();
    let stderr = LogName { stream: StreamName::Stderr, ..one };
    let next = LogName { container: ContainerName { attempt: 1, ..one.container }, ..one };
    for (log, text) in [(one, "one"), (stderr, "err"), (next, "new")] {
        here.publish(log, piece(0, text));
    }
    for (log, text) in [(one, "one"), (stderr, "err"), (next, "new")] {
        assert_eq!(said(&mut there.follow(log), 3).await, text.as_bytes());
    }
}

async fn what_is_said_again_does_not_confuse(here: &dyn LogRelay, there: &dyn LogRelay) {
    let log = log();
    for (offset, text) in [(0, "one "), (0, "one two "), (8, "three")] {
        here.publish(log, piece(offset, text));
    }
    assert_eq!(said(&mut there.follow(log), 13).await, b"one two three");
}

async fn many_pieces_come_in_order(here: &dyn LogRelay, there: &dyn LogRelay) {
    let log = log();
    let mut follower = there.follow(log);
    let lines: Vec<String> = (0..1000).map(|number| format!("line {number}\n")).collect();
    let mut offset = 0;
    for line in &lines {
        here.publish(log, piece(offset, line));
        offset += line.len() as u64;
    }
    assert_eq!(said(&mut follower, offset).await, lines.concat().as_bytes());
}

async fn any_bytes_come_through(here: &dyn LogRelay, there: &dyn LogRelay) {
    let (log, all): (_, Vec<u8>) = (log(), (0..=255).cycle().take(200_000).collect());
    here.publish(log, LogPiece { offset: 0, bytes: all.clone().into() });
    assert_eq!(said(&mut there.follow(log), all.len() as u64).await, all);
}

fn log() -> LogName {
    let container = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
    LogName { container, stream: StreamName::Stdout }
}

fn piece(offset: u64, text: &str) -> LogPiece {
    LogPiece { offset, bytes: Bytes::copy_from_slice(text.as_bytes()) }
}

/// So many bytes from the start, as whoever leaves out what he has puts them together.
async fn said(follower: &mut BoxStream<'static, LogPiece>, length: u64) -> Vec<u8> {
    let mut all = Vec::new();
    while (all.len() as u64) < length {
        let Ok(Some(piece)) = timeout(PATIENCE, follower.next()).await else {
            panic!("more was said than {} bytes", all.len())
        };
        let Some(known) = (all.len() as u64).checked_sub(piece.offset) else {
            panic!("a piece at {} is missing", all.len())
        };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        all.extend_from_slice(piece.bytes.get(known..).unwrap_or_default());
    }
    all
}
