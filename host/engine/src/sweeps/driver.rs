//! Brings sweeps along: their points get runs as there is room, and what they wait for is looked at.
//!
//! # Flow
//! [`drive_forever`] looks at every sweep that has not ended: when a signal tells that one changed, and every now and
//! then. [`Driver::bring_along`] makes one step of one sweep. Several processes do no harm: of those that decide on
//! the same revision one stores its step, and the others look again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use simulay_model::{
    AccountName, Chain, Change, OwnerFilter, PointCounts, Quota, Run, RunId, RunState, Sweep, SweepChange,
    SweepId, UnfinishedRun,
};
use simulay_signals::{Heard, Signal, Subscription, Topic};
use simulay_store::StoreError;

use super::point_set::PointSet;
use super::{ends_runs, making, rule};
use crate::EngineError;
use crate::lease::apply_unleased_for_any;
use crate::shared::Shared;

/// The most runs that are made in one transaction.
const BATCH: u32 = 250;
/// The most rows that they are, with their inputs.
const BATCH_ROWS: usize = 5_000;
/// Sweeps, or points, that are looked at together.
const PAGE: u32 = 1_000;
/// Runs that are cancelled side by side.
const SIDE_BY_SIDE: usize = 16;
/// Between two looks at least, however much changes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// Before signals are subscribed to again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often sweeps are looked at while a lease lasts.
const LOOKS_PER_LEASE: u32 = 3;
/// Of the places for runs that have not ended, sweeps leave a tenth to others.
const OTHERS: usize = 10;

/// Brings sweeps along until the host stops.
pub(crate) async fn drive_forever(shared: Arc<Shared>) {
    let longest = shared.settings.lease / LOOKS_PER_LEASE;
    let mut changes = shared.parts.signals.subscribe(Topic::Sweeps);
    let mut driver = Driver {
        shared: shared.clone(),
        looked_at: HashMap::new(),
        asked_to_end: HashMap::new(),
        made_last: None,
    };
    loop {
        match driver.look().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(error = %Chain(&error), "sweeps are not looked at"),
        }
        // Either way it is time.
        if let Ok(Heard::Closed) = tokio::time::timeout(longest, changes.next()).await {
            tokio::time::sleep(PAUSE).await;
            changes = shared.parts.signals.subscribe(Topic::Sweeps);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        Subscription::forget(&mut changes);
    }
}

struct Driver {
    shared: Arc<Shared>,
    /// Of sweeps with a rule that have not ended: the points whose outcome does not meet it.
    looked_at: HashMap<SweepId, PointSet>,
    /// Of sweeps that are being ended since a revision: the points whose runs were asked to end.
    asked_to_end: HashMap<SweepId, (u64, PointSet)>,
    /// The sweep that made runs last: the others come first, so that a large one takes not all the room.
    made_last: Option<SweepId>,
}

impl Driver {
    /// Brings every sweep along. True when some can go on at once.
    async fn look(&mut self) -> Result<bool, EngineError> {
        let (mut sweeps, mut more) = (self.unfinished().await?, false);
        self.looked_at.retain(|sweep, _| sweeps.binary_search(sweep).is_ok());
        self.asked_to_end.retain(|sweep, _| sweeps.binary_search(sweep).is_ok());
        let others = sweeps.partition_point(|sweep| Some(*sweep) <= self.made_last);
        sweeps.rotate_left(others);
        for sweep in sweeps {
            // One that is damaged is in nobody's way.
            match self.bring_along(sweep).await {
                Ok(goes_on) => more |= goes_on,
                Err(EngineError::Records(StoreError::Stale)) => more = true,
                Err(error) => tracing::warn!(%sweep, error = %Chain(&error), "a sweep waits"),
            }
        }
        Ok(more)
    }

    /// All sweeps that have not ended, in their order.
    async fn unfinished(&self) -> Result<Vec<SweepId>, StoreError> {
        let mut all = Vec::new();
        loop {
            let page = self.shared.parts.sweeps.unfinished_sweeps(all.last().copied(), PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Makes one step. True when another can follow at once.
    async fn bring_along(&mut self, id: SweepId) -> Result<bool, EngineError> {
        let sweeps = &self.shared.parts.sweeps;
        let Some(sweep) = sweeps.sweep(&OwnerFilter::Any, id).await? else { return Ok(false) };
        let counts = sweeps.count_points(id).await?;
        if ends_runs(sweep.progress.state) {
            self.end_runs(&sweep).await?;
        } else if let Some(run) = self.meets_rule(&sweep).await? {
            self.store(&sweep, SweepChange::RuleMet(run), Vec::new()).await?;
            return Ok(true);
        } else if self.make_runs(&sweep, &counts).await? {
            self.made_last = Some(id);
            return Ok(true);
        }
        self.store(&sweep, SweepChange::Counted(counts), Vec::new()).await?;
        Ok(false)
    }

    /// Stores what follows from a change, when anything does.
    async fn store(&self, sweep: &Sweep, change: SweepChange, runs: Vec<Run>) -> Result<(), EngineError> {
        let parts = &self.shared.parts;
        let next = sweep.decide(parts.clock.now(), change);
        let Some(next) = next.map_err(|refusal| StoreError::Conflict(refusal.to_string()))? else {
            return Ok(());
        };
        let queued: Vec<_> = runs.iter().map(UnfinishedRun::from).collect();
        let quotas = self.shared.quotas.of(&sweep.owner).await?;
        parts.sweeps.commit_sweep(sweep.id, next, runs, &quotas).await?;
        if !queued.is_empty() {
            parts.signals.publish(Signal::AccountChanged(sweep.owner.clone()));
        }
        queued.into_iter().for_each(|run| parts.signals.publish(Signal::RunQueued(run)));
        Ok(())
    }
}

/// New runs.
impl Driver {
    /// Makes as many runs as there is room for, at most a batch. True when it made some.
    async fn make_runs(&self, sweep: &Sweep, counts: &PointCounts) -> Result<bool, EngineError> {
        let progress = &sweep.progress;
        if progress.retrying.is_none() && progress.begun >= progress.goal {
            return Ok(false);
        }
        let room = self.room(sweep, counts).await?.min(batch(sweep.spec.inputs.len()));
        if room == 0 {
            return Ok(false);
        }
        if let Some(from) = progress.retrying {
            self.retry(sweep, from, room).await?;
            return Ok(true);
        }
        let points = progress.begun..progress.goal.min(progress.begun.saturating_add(room));
        let runs = making::runs(&self.shared, sweep, points.map(|point| (point, 0)).collect()).await?;
        let begun =
            runs.last().and_then(|run| run.sweep).map_or(progress.begun, |of| of.point.saturating_add(1));
        self.store(sweep, SweepChange::Begun(begun), runs).await?;
        Ok(true)
    }

    /// Makes another run of each of the next points that failed.
    async fn retry(&self, sweep: &Sweep, from: u32, room: u32) -> Result<(), EngineError> {
        let page = self.shared.parts.sweeps.point_runs(sweep.id, from, PAGE).await?;
        let failed = page.iter().filter(|last| matches!(last.state, RunState::Failed | RunState::TimedOut));
        let mut next: Vec<_> = failed.map(|last| (last.point, last.attempt.saturating_add(1))).collect();
        let is_all = next.len() <= room as usize;
        next.truncate(room as usize);
        let asked = next.len();
        let runs = making::runs(&self.shared, sweep, next).await?;
        // A short page is not the last: runs that cannot be read are left out of it.
        let looked_at = if is_all && runs.len() == asked {
            page.last().map(|last| last.point)
        } else {
            runs.last().and_then(|run| run.sweep).map(|of| of.point)
        };
        let from = looked_at.map(|point| point.saturating_add(1));
        self.store(sweep, SweepChange::Retried(from), runs).await
    }

    /// How many more runs the sweep may have now: by its own bound, by the quotas of its owner, and by what the host
    /// takes.
    async fn room(&self, sweep: &Sweep, counts: &PointCounts) -> Result<u32, EngineError> {
        let Shared { parts, settings, quotas, .. } = &*self.shared;
        self.shared.check_room().await?;
        let own = sweep.spec.max_at_once.map_or(u32::MAX, |most| most.saturating_sub(counts.unfinished()));
        let most = settings.max_unfinished_runs - settings.max_unfinished_runs / OTHERS;
        let unfinished = parts.runs.count_unfinished(&OwnerFilter::Any, most).await?;
        let of_host = u32::try_from(most.saturating_sub(unfinished)).unwrap_or(u32::MAX);
        let of_owner = match quotas.of(&sweep.owner).await?.of(Quota::MaxUnfinishedRuns) {
            Some(bound) => {
                let used = quotas.present_use(&sweep.owner, parts.clock.now()).await?.unfinished_runs;
                u32::try_from(bound.saturating_sub(used)).unwrap_or(u32::MAX)
            }
            None => u32::MAX,
        };
        Ok(own.min(of_host).min(of_owner))
    }
}

/// As many runs as are made in one transaction, each with so many inputs.
fn batch(inputs: usize) -> u32 {
    let runs = BATCH_ROWS / inputs.saturating_add(1);
    u32::try_from(runs).unwrap_or(BATCH).clamp(1, BATCH)
}

/// One run that cannot be read is not in the way of the others.
fn damaged(run: RunId, error: &StoreError) {
    tracing::warn!(%run, error = %Chain(error), "a run of a sweep is left out");
}

/// Runs that are there.
impl Driver {
    /// Asks for the end of all runs that have not ended, each once: it is stored that its end is asked for.
    async fn end_runs(&mut self, sweep: &Sweep) -> Result<(), EngineError> {
        let revision = sweep.progress.revision;
        let (_, mut asked) =
            self.asked_to_end.remove(&sweep.id).filter(|(since, _)| *since == revision).unwrap_or_default();
        let ended = self.end_all_but(sweep, &mut asked).await;
        self.asked_to_end.insert(sweep.id, (revision, asked));
        ended
    }

    async fn end_all_but(&self, sweep: &Sweep, asked: &mut PointSet) -> Result<(), EngineError> {
        let mut from = 0;
        loop {
            let page = self.shared.parts.sweeps.point_runs(sweep.id, from, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            from = last.point.saturating_add(1);
            let mut unfinished = page;
            unfinished.retain(|last| !last.state.is_end() && !asked.has(last.point));
            let points: Vec<_> = unfinished.iter().map(|last| last.point).collect();
            let ended = stream::iter(unfinished).map(|last| self.end_run(last.run, &sweep.owner));
            ended.buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<_>>().await?;
            points.into_iter().for_each(|point| asked.add(point));
        }
    }

    async fn end_run(&self, run: RunId, owner: &AccountName) -> Result<(), StoreError> {
        let parts = &self.shared.parts;
        match apply_unleased_for_any(parts, (run, owner), Change::CancelRequested).await {
            Ok(true) => parts.signals.publish(Signal::CancelRequested(run)),
            Ok(false) | Err(StoreError::Ended | StoreError::NotFound) => {}
            Err(error @ StoreError::Corrupt(_)) => damaged(run, &error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The first run whose outcome ends the sweep by its rule, of those that were not looked at.
    async fn meets_rule(&mut self, sweep: &Sweep) -> Result<Option<RunId>, StoreError> {
        let Some(rule) = sweep.spec.stop.as_ref().filter(|_| sweep.progress.stopped_by.is_none()) else {
            return Ok(None);
        };
        let looked_at = self.looked_at.entry(sweep.id).or_default();
        rule::met_by(rule, sweep.id, looked_at, &self.shared.parts).await
    }
}
