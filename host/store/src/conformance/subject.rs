//! What the suite is given, and how it brings a run along.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use simulay_model::{Change, Clock, Decision, Digest, Effects, Event, Progress, RunId};

use super::samples::{now, planned, run};
use crate::{Accounts, BlobStream, Blobs, Journal, Plugins, Requests, Runs, StoreError, Uploads};

/// A store to be checked: its ports.
pub struct Subject {
    /// Its runs.
    pub runs: Arc<dyn Runs>,
    /// What happened to them.
    pub journal: Arc<dyn Journal>,
    /// Requests that may come again.
    pub requests: Arc<dyn Requests>,
    /// Who uploaded what.
    pub uploads: Arc<dyn Uploads>,
    /// Its accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Its plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Its blobs.
    pub blobs: Arc<dyn Blobs>,
    /// The clock by which its leases end.
    pub clock: Arc<ManualClock>,
}

impl Subject {
    /// A store whose records are one thing.
    pub fn new<R>(records: Arc<R>, blobs: Arc<dyn Blobs>, clock: Arc<ManualClock>) -> Self
    where
        R: Runs + Journal + Requests + Uploads + Accounts + Plugins + 'static,
    {
        Self {
            runs: records.clone(),
            journal: records.clone(),
            requests: records.clone(),
            uploads: records.clone(),
            accounts: records.clone(),
            plugins: records,
            blobs,
            clock,
        }
    }

    /// A run that was just accepted.
    pub(super) async fn queued(&self) -> RunId {
        let run = run("heat");
        self.runs.create(run.clone(), None).await.unwrap();
        run.id
    }

    /// A run at work on a step of `calls` calls.
    pub(super) async fn running(&self, calls: usize) -> RunId {
        let run = self.queued().await;
        for change in [Change::Started, planned(0, calls)] {
            self.change(run, change).await;
        }
        run
    }

    /// Has a change happen to a run, now.
    pub(super) async fn change(&self, run: RunId, change: Change) -> Event {
        apply(&*self.runs, run, None, now(), change).await.unwrap()
    }

    /// What follows from a change to the run as it is.
    pub(super) async fn decide(&self, run: RunId, change: Change) -> Box<Effects> {
        let progress = self.runs.progress(run).await.unwrap().unwrap();
        effects(&progress, change)
    }

    /// Stores a blob.
    pub(super) async fn put(&self, bytes: &[u8]) -> Digest {
        let mut writer = self.blobs.create().await.unwrap();
        writer.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        writer.finish().await.unwrap().0
    }
}

/// What follows from a change, now.
pub(super) fn effects(progress: &Progress, change: Change) -> Box<Effects> {
    match progress.decide(now(), change).unwrap() {
        Decision::Commit(effects) => effects,
        Decision::Unchanged => unreachable!("no sample happens twice"),
    }
}

/// Decides on a change and stores what follows, again and again while the run moves on; the event that tells
/// of it.
///
/// # Errors
/// What the store refuses it with, [`StoreError::Conflict`] when it happened before.
pub async fn apply(
    runs: &dyn Runs,
    run: RunId,
    fence: Option<u64>,
    at: Timestamp,
    change: Change,
) -> Result<Event, StoreError> {
    loop {
        let progress = runs.progress(run).await?.ok_or(StoreError::NotFound)?;
        let Decision::Commit(effects) = progress.decide(at, change.clone())? else {
            return Err(StoreError::Conflict("it happened before".to_owned()));
        };
        let (sequence, data) = (effects.sequence, effects.event.clone());
        match runs.commit(run, fence, effects).await {
            Err(StoreError::Stale) => {}
            committed => return committed.map(|()| Event { run, sequence, at, data }),
        }
    }
}

/// All bytes of a blob.
///
/// # Errors
/// What its stream ends with.
pub async fn content(stream: BlobStream) -> Result<Vec<u8>, StoreError> {
    let pieces: Vec<Bytes> = stream.try_collect().await?;
    Ok(pieces.concat())
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    const START_MS: i64 = 1_700_000_000_000;

    /// Lets `time` pass.
    pub fn advance(&self, time: Duration) {
        let passed = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(passed, Ordering::Relaxed);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(Self::START_MS))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
    }
}
