//! Runs and their leases.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{
    ArtifactKind, AskedCall, CallPlace, CallStarted, Description, Effects, Event, EventData, Head,
    OwnerFilter, Progress, Quotas, Run, RunArtifact, RunId, RunState, RunSummary, StartedAttempt,
    UnfinishedRun, Usage,
};

use super::overview::admits;
use super::{LeaseEntry, MemoryStore, RunEntry, State};
use crate::{Claim, ClaimableRun, Lease, Outcome, Remembered, Renewed, RunQuery, Runs, StoreError};

#[async_trait]
impl Runs for MemoryStore {
    async fn create_within(&self, run: Run, claim: Option<Claim>, quotas: &Quotas) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.runs.contains_key(&run.id) {
            return Err(StoreError::RunExists);
        }
        let id = run.id;
        if claim.as_ref().is_some_and(|claim| state.requests.contains_key(&claim.request)) {
            return Err(StoreError::Repeated);
        }
        if !quotas.is_empty() {
            quotas.admit_runs(&state.present_use(&run.owner, run.created_at), 1, run.created_at)?;
        }
        state.count(&run.owner, run.created_at, Usage::of_run());
        if let Some(Claim { request, fingerprint }) = claim {
            state.requests.insert(request, Remembered { fingerprint, outcome: Outcome::Run(id) });
        }
        let changed = state.next_change();
        state.runs.insert(id, RunEntry { changed, ..RunEntry::new(run) });
        Ok(())
    }

    async fn progress(&self, run: RunId) -> Result<Option<Progress>, StoreError> {
        Ok(self.state().runs.get(&run).map(RunEntry::progress))
    }

    async fn head(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Progress>, StoreError> {
        let progress = self.state().run(owner, run).map(RunEntry::progress);
        Ok(progress.map(|progress| Progress { attempts: BTreeMap::new(), ..progress }))
    }

    async fn commit_all(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let entry = entry(&mut state, run)?;
        if let Some(fence) = fence {
            entry.check_fence(fence)?;
        }
        let mut next = entry.last_event();
        for effects in &effects {
            next = next.saturating_add(1);
            if next != effects.sequence {
                return Err(StoreError::Stale);
            }
        }
        effects.iter().try_for_each(|effects| state.check_taken(effects.taken.as_ref()))?;
        effects.into_iter().try_for_each(|effects| state.store(run, effects))
    }

    async fn acquire_lease(
        &self,
        run: RunId,
        holder: &str,
        time: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let (now, mut state) = (self.clock.now(), self.state());
        let entry = entry(&mut state, run)?;
        if entry.run.state.is_end() {
            return Err(StoreError::Ended);
        }
        let (fence, active) = match &entry.lease {
            Some(lease) if lease.keeps_out(holder, now) => return Ok(None),
            Some(lease) => (lease.fence.saturating_add(1), lease.active),
            None => (1, Duration::ZERO),
        };
        let until = now.checked_add(time).map_err(|error| StoreError::Failed(error.into()))?;
        entry.lease = Some(LeaseEntry { holder: holder.to_owned(), fence, until, active });
        Ok(Some(Lease { fence, active }))
    }

    async fn renew_lease(&self, run: RunId, lease: Lease, time: Duration) -> Result<Renewed, StoreError> {
        let (now, mut state) = (self.clock.now(), self.state());
        let entry = entry(&mut state, run)?;
        entry.check_fence(lease.fence)?;
        let until = now.checked_add(time).map_err(|error| StoreError::Failed(error.into()))?;
        let held = entry.lease.as_mut().ok_or(StoreError::Fenced)?;
        // In milliseconds, as others store it.
        let active = Duration::from_millis(u64::try_from(lease.active.as_millis()).unwrap_or(u64::MAX));
        (held.until, held.active) = (until, active);
        Ok(Renewed { cancel_requested: entry.run.cancel_requested })
    }

    async fn get(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.state().run(owner, run).map(|entry| entry.run.clone()))
    }

    async fn summary(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        Ok(self.state().run(owner, run).map(|entry| RunSummary::from(&entry.run)))
    }

    async fn list(&self, owner: &OwnerFilter, query: RunQuery) -> Result<Vec<RunSummary>, StoreError> {
        let state = self.state();
        let asked = |run: &&Run| {
            owner.admits_run(&run.owner, run.id, &run.plugin.name)
                && admits(&query.filter, run)
                && query.before.is_none_or(|before| run.id < before)
        };
        let runs = state.runs.values().rev().map(|entry| &entry.run).filter(asked);
        Ok(runs.take(query.limit as usize).map(RunSummary::from).collect())
    }

    async fn describe(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        before: &Description,
        after: &Description,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let entry = entry(&mut state, run)?;
        if !entry.is_found(owner) {
            return Err(StoreError::NotFound);
        }
        let Run { name, labels, .. } = &mut entry.run;
        if (&*name, &*labels) != (&before.name, &before.labels) {
            return Err(StoreError::Stale);
        }
        (*name, *labels) = (after.name.clone(), after.labels.clone());
        let changed = state.next_change();
        state.runs.entry(run).and_modify(|entry| entry.changed = changed);
        Ok(())
    }

    async fn count_unfinished(&self, owner: &OwnerFilter, most: usize) -> Result<usize, StoreError> {
        let state = self.state();
        let unfinished = |entry: &&RunEntry| !entry.run.state.is_end() && entry.is_found(owner);
        Ok(state.runs.values().filter(unfinished).take(most).count())
    }

    async fn claimable(&self, per_flow: usize) -> Result<Vec<ClaimableRun>, StoreError> {
        let (now, state) = (self.clock.now(), self.state());
        let mut of_flow = HashMap::<_, usize>::new();
        let mut claimable = Vec::new();
        for RunEntry { run, .. } in state.runs.values().filter(|entry| entry.is_claimable(now)) {
            let flow = (&run.owner, &run.plugin.name, run.cancel_requested);
            let found = of_flow.entry(flow).or_default();
            *found += 1;
            if *found <= per_flow {
                let (cancel_requested, running) = (run.cancel_requested, run.state == RunState::Running);
                claimable.push(ClaimableRun { run: UnfinishedRun::from(run), cancel_requested, running });
            }
        }
        Ok(claimable)
    }
}

impl State {
    /// Stores what follows the last event of a run.
    fn store(&mut self, run: RunId, effects: Effects) -> Result<(), StoreError> {
        let entry = entry(self, run)?;
        let (owner, at, is_end) = (entry.run.owner.clone(), effects.at, effects.is_end());
        let mut usage = Usage::of_effects(&effects);
        let changes = effects.head.is_some();
        let offers = effects.attempts.iter().filter_map(|((step, index), attempt)| {
            let place = CallPlace { run, step: *step, index: *index };
            Some((attempt.offers()?, owner.clone(), place))
        });
        let offers: Vec<_> = offers.collect();
        entry.store(effects);
        if is_end {
            usage += Usage::of_stopped(&entry.started_attempts(), at);
        }
        if changes {
            let changed = self.next_change();
            self.runs.entry(run).and_modify(|entry| entry.changed = changed);
        }
        self.offers.extend(offers);
        self.count(&owner, at, usage);
        Ok(())
    }

    /// The number of the next change.
    pub(super) fn next_change(&mut self) -> i64 {
        self.changes += 1;
        self.changes
    }

    /// A run, as far as the filter finds it.
    pub(super) fn run(&self, owner: &OwnerFilter, run: RunId) -> Option<&RunEntry> {
        self.runs.get(&run).filter(|entry| entry.is_found(owner))
    }
}

fn entry(state: &mut State, run: RunId) -> Result<&mut RunEntry, StoreError> {
    state.runs.get_mut(&run).ok_or(StoreError::NotFound)
}

impl LeaseEntry {
    /// True while someone else holds the run.
    fn keeps_out(&self, holder: &str, now: Timestamp) -> bool {
        self.holder != holder && self.until > now
    }
}

impl RunEntry {
    pub(super) fn new(run: Run) -> Self {
        let input = |artifact| RunArtifact { kind: ArtifactKind::Input, origin: None, artifact };
        let queued = Event { run: run.id, sequence: 1, at: run.created_at, data: EventData::RunQueued };
        Self {
            artifacts: run.request.inputs.iter().cloned().map(input).collect(),
            run,
            changed: 0,
            steps: Vec::new(),
            asked: Default::default(),
            attempts: Default::default(),
            events: vec![queued],
            lease: None,
        }
    }

    pub(super) fn is_found(&self, owner: &OwnerFilter) -> bool {
        owner.admits_run(&self.run.owner, self.run.id, &self.run.plugin.name)
    }

    pub(super) fn last_event(&self) -> u64 {
        self.events.last().map_or(0, |event| event.sequence)
    }

    fn progress(&self) -> Progress {
        Progress {
            state: self.run.state,
            sequence: self.last_event(),
            cancel_requested: self.run.cancel_requested,
            steps: self.run.steps,
            attempts: self.attempts.clone(),
        }
    }

    fn is_claimable(&self, now: Timestamp) -> bool {
        let held = self.lease.as_ref().is_some_and(|lease| lease.until > now);
        !self.run.state.is_end() && !held
    }

    fn check_fence(&self, fence: u64) -> Result<(), StoreError> {
        match &self.lease {
            Some(lease) if lease.fence == fence => Ok(()),
            // What has ended is leased to nobody.
            None if self.run.state.is_end() => Err(StoreError::Ended),
            _ => Err(StoreError::Fenced),
        }
    }

    fn store(&mut self, effects: Effects) {
        let ends = effects.is_end();
        let Effects { sequence, at, event, head, step, attempts, artifacts, taken: _, report } = effects;
        if let Some(head) = head {
            self.set_head(head);
        }
        if let Some((number, step)) = step {
            let calls = (0..).zip(&step.calls);
            self.asked.extend(calls.map(|(index, call)| ((number, index), AskedCall::from(call))));
            self.steps.push(step);
        }
        self.attempts.extend(attempts);
        self.artifacts.extend(artifacts);
        self.run.report = report;
        self.events.push(Event { run: self.run.id, sequence, at, data: event });
        if ends {
            self.lease = None;
        }
    }

    fn set_head(&mut self, head: Head) {
        let Head { state, steps, cancel_requested, started_at, ended_at, error } = head;
        (self.run.state, self.run.steps, self.run.cancel_requested) = (state, steps, cancel_requested);
        self.run.started_at = started_at.or(self.run.started_at);
        (self.run.ended_at, self.run.error) = (ended_at, error);
    }
}

impl RunEntry {
    /// The attempts at its calls, in their order.
    fn started_attempts(&self) -> Vec<StartedAttempt> {
        let started = self.events.iter().filter_map(|event| match &event.data {
            EventData::CallStarted(CallStarted { step, call, attempt }) => {
                let newest = self.attempts.get(&(*step, *call)).filter(|newest| newest.attempt == *attempt);
                let ended = newest.is_some_and(|newest| newest.end.is_some());
                Some(StartedAttempt { call: (*step, *call), attempt: *attempt, at: event.at, ended })
            }
            _ => None,
        });
        let mut attempts: Vec<_> = started.collect();
        attempts.sort_unstable();
        attempts
    }
}
