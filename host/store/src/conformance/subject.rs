//! What the suite is given, and how it brings a run along.

use std::sync::Arc;

use jiff::Timestamp;
use simulay_model::{Change, Decision, Effects, Event, ManualClock, Progress, RunId};

use super::samples::{now, planned, run};
use crate::{
    Accounts, Audit, Changes, Credentials, Journal, Links, Metering, Overview, Plugins, Requests, Reuse,
    Runs, StoreError, Sweeps, Uploads,
};

/// A store to be checked: its ports.
pub struct Subject {
    /// Its runs.
    pub runs: Arc<dyn Runs>,
    /// What happened to them.
    pub journal: Arc<dyn Journal>,
    /// What is found among them.
    pub overview: Arc<dyn Overview>,
    /// What changed of both.
    pub changes: Arc<dyn Changes>,
    /// Requests that may come again.
    pub requests: Arc<dyn Requests>,
    /// Who uploaded what.
    pub uploads: Arc<dyn Uploads>,
    /// Its accounts.
    pub accounts: Arc<dyn Accounts>,
    /// By what people sign in.
    pub credentials: Arc<dyn Credentials>,
    /// Its audit log.
    pub audit: Arc<dyn Audit>,
    /// Links to its runs.
    pub links: Arc<dyn Links>,
    /// What accounts use.
    pub metering: Arc<dyn Metering>,
    /// Its plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Its sweeps.
    pub sweeps: Arc<dyn Sweeps>,
    /// What may be taken of its calls.
    pub reuse: Arc<dyn Reuse>,
    /// The clock by which its leases end.
    pub clock: Arc<ManualClock>,
}

impl Subject {
    /// A store whose records are one thing.
    pub fn new<R>(records: Arc<R>, clock: Arc<ManualClock>) -> Self
    where
        R: Runs
            + Journal
            + Overview
            + Changes
            + Requests
            + Uploads
            + Accounts
            + Audit
            + Credentials
            + Links
            + Metering
            + Plugins
            + Sweeps
            + Reuse
            + 'static,
    {
        Self {
            runs: records.clone(),
            journal: records.clone(),
            overview: records.clone(),
            changes: records.clone(),
            requests: records.clone(),
            uploads: records.clone(),
            accounts: records.clone(),
            credentials: records.clone(),
            audit: records.clone(),
            links: records.clone(),
            metering: records.clone(),
            plugins: records.clone(),
            sweeps: records.clone(),
            reuse: records,
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
