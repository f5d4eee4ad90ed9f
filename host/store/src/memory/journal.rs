//! What happened to runs, read back.

use async_trait::async_trait;
use simulay_model::{AttemptProgress, CallRecord, Event, OwnerFilter, RunArtifact, RunId, Step};

use super::{MemoryStore, RunEntry};
use crate::{Journal, StoreError};

#[async_trait]
impl Journal for MemoryStore {
    async fn step(&self, run: RunId, step: u32) -> Result<Option<Step>, StoreError> {
        Ok(self.state().runs.get(&run).and_then(|entry| entry.steps.get(step as usize).cloned()))
    }

    async fn calls(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<CallRecord>, StoreError> {
        Ok(self.state().run(owner, run).map(RunEntry::calls).unwrap_or_default())
    }

    async fn call(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        step: u32,
        index: u32,
    ) -> Result<Option<CallRecord>, StoreError> {
        let calls = self.calls(owner, run).await?;
        Ok(calls.into_iter().find(|call| (call.step, call.index) == (step, index)))
    }

    async fn artifacts(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        Ok(self.state().run(owner, run).map(|entry| entry.artifacts.clone()).unwrap_or_default())
    }

    async fn events(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let state = self.state();
        let events = state.run(owner, run).into_iter().flat_map(|entry| &entry.events);
        Ok(events.filter(|event| event.sequence > after).take(limit as usize).cloned().collect())
    }
}

impl RunEntry {
    fn calls(&self) -> Vec<CallRecord> {
        let calls = self.attempts.iter().filter_map(|(place, newest)| {
            let (step, index) = *place;
            let call = self.asked.get(place)?.clone();
            let AttemptProgress { attempt, started, key, end } = newest.clone();
            Some(CallRecord { step, index, attempt, call, started, key, end })
        });
        calls.collect()
    }
}
