//! Sweeps.

use std::collections::BTreeMap;

use async_trait::async_trait;
use simulay_model::{
    OwnerFilter, PointCounts, Quotas, Run, RunId, RunSummary, Sweep, SweepId, SweepProgress, SweepSummary,
    Usage,
};

use super::{MemoryStore, RunEntry, State};
use crate::{Claim, PointRun, StoreError, SweepQuery, Sweeps};

#[async_trait]
impl Sweeps for MemoryStore {
    async fn add_sweep(&self, sweep: Sweep, answered: Option<(Claim, String)>) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some((claim, answer)) = answered {
            state.remember(claim, answer)?;
        }
        state.sweeps.insert(sweep.id, sweep);
        Ok(())
    }

    async fn sweep(&self, owner: &OwnerFilter, sweep: SweepId) -> Result<Option<Sweep>, StoreError> {
        let state = self.state();
        Ok(state.sweeps.get(&sweep).filter(|sweep| is_found(owner, sweep)).cloned())
    }

    async fn sweeps(&self, owner: &OwnerFilter, query: SweepQuery) -> Result<Vec<SweepSummary>, StoreError> {
        let state = self.state();
        let asked = |sweep: &&Sweep| {
            is_found(owner, sweep)
                && query.pipeline.as_ref().is_none_or(|pipeline| *pipeline == sweep.plugin.name)
                && query.state.is_none_or(|state| state == sweep.progress.state)
                && query.before.is_none_or(|before| sweep.id < before)
        };
        let sweeps = state.sweeps.values().rev().filter(asked);
        Ok(sweeps.take(query.limit as usize).map(SweepSummary::from).collect())
    }

    async fn unfinished_sweeps(
        &self,
        after: Option<SweepId>,
        limit: u32,
    ) -> Result<Vec<SweepId>, StoreError> {
        let state = self.state();
        let unfinished = state.sweeps.values().filter(|sweep| !sweep.progress.state.is_end());
        let ids = unfinished.map(|sweep| sweep.id).filter(|id| after.is_none_or(|after| *id > after));
        Ok(ids.take(limit as usize).collect())
    }

    async fn commit_sweep(
        &self,
        sweep: SweepId,
        progress: SweepProgress,
        runs: Vec<Run>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let stored = state.sweeps.get(&sweep).ok_or(StoreError::NotFound)?;
        if stored.progress.revision.saturating_add(1) != progress.revision {
            return Err(StoreError::Stale);
        }
        state.admit(&runs, quotas)?;
        for run in runs {
            state.count(&run.owner, run.created_at, Usage::of_run());
            let changed = state.next_change();
            state.runs.insert(run.id, RunEntry { changed, ..RunEntry::new(run) });
        }
        state.sweeps.entry(sweep).and_modify(|stored| stored.progress = progress);
        Ok(())
    }

    async fn count_points(&self, sweep: SweepId) -> Result<PointCounts, StoreError> {
        let mut counts = PointCounts::default();
        self.state().newest(sweep).values().for_each(|run| counts.add(run.state, 1));
        Ok(counts)
    }

    async fn points(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        let state = self.state();
        let points = state.newest(sweep).into_iter().filter(|(point, _)| *point >= from);
        Ok(points.take(limit as usize).map(|(_, run)| RunSummary::from(run)).collect())
    }

    async fn point_runs(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<PointRun>, StoreError> {
        let state = self.state();
        let of_point = |(point, run): (u32, &Run)| {
            let attempt = run.sweep.map_or(0, |of| of.attempt);
            PointRun { point, attempt, run: run.id, state: run.state }
        };
        let points = state.newest(sweep).into_iter().filter(|(point, _)| *point >= from);
        Ok(points.take(limit as usize).map(of_point).collect())
    }
}

impl State {
    fn admit(&self, runs: &[Run], quotas: &Quotas) -> Result<(), StoreError> {
        let Some(Run { owner, created_at, .. }) = runs.first() else { return Ok(()) };
        let is_known = |run: &Run| self.runs.contains_key::<RunId>(&run.id);
        if runs.iter().any(is_known) {
            return Err(StoreError::RunExists);
        }
        Ok(quotas.admit_runs(&self.present_use(owner, *created_at), runs.len() as u64, *created_at)?)
    }

    /// The last run of each point.
    fn newest(&self, sweep: SweepId) -> BTreeMap<u32, &Run> {
        let mut newest = BTreeMap::<u32, &Run>::new();
        for run in self.runs.values().map(|entry| &entry.run) {
            let Some(of) = run.sweep.filter(|of| of.sweep == sweep) else { continue };
            let known = newest.entry(of.point).or_insert(run);
            if known.sweep.is_some_and(|known| known.attempt < of.attempt) {
                *known = run;
            }
        }
        newest
    }
}

/// Of one run there are no sweeps.
fn is_found(owner: &OwnerFilter, sweep: &Sweep) -> bool {
    owner.admits(&sweep.owner) && owner.scope().holds_plugin(&sweep.plugin.name)
}
