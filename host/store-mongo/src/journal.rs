//! What happened to runs, read back.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mongodb::bson::doc;
use simulay_model::{AskedCall, AttemptProgress, CallRecord, Event, OwnerFilter, RunArtifact, RunId, Step};
use simulay_store::{Journal, StoreError};

use crate::entries::{beginning, between, exactly, key};
use crate::failure::MongoResult;
use crate::schema::RUNS;
use crate::store::MongoStore;
use crate::{filter, rows, told};

/// Bytes of data after which a page of events ends.
const PAGE_BYTES: usize = 64 << 10;

#[async_trait]
impl Journal for MongoStore {
    async fn step(&self, run: RunId, step: u32) -> Result<Option<Step>, StoreError> {
        self.bounded(async {
            let found = self.entries(exactly(&key::plan(run, step))).await?;
            found.first().map(told::read).transpose()
        })
        .await
    }

    async fn calls(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<CallRecord>, StoreError> {
        self.bounded(self.call_records(owner, run, "")).await
    }

    async fn call(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        step: u32,
        index: u32,
    ) -> Result<Option<CallRecord>, StoreError> {
        let place = format!("{step:010}/{index:010}");
        Ok(self.bounded(self.call_records(owner, run, &place)).await?.pop())
    }

    async fn artifacts(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        self.bounded(async {
            if !self.is_found(owner, run).await? {
                return Ok(Vec::new());
            }
            let artifacts = self.artifacts_of(doc! { "run": run.to_string() }).await?;
            artifacts.iter().map(rows::artifact).collect()
        })
        .await
    }

    async fn events(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        self.bounded(async {
            if !self.is_found(owner, run).await? {
                return Ok(Vec::new());
            }
            let (first, end) = (key::event(run, after.saturating_add(1)), format!("{run}/event/~"));
            let events = self.page(between(&first, &end), limit as usize, PAGE_BYTES).await?;
            events.iter().map(|entry| told::event(run, entry)).collect()
        })
        .await
    }
}

impl MongoStore {
    /// Whose a run is and what it is of never changes.
    pub(crate) async fn is_found(&self, owner: &OwnerFilter, run: RunId) -> MongoResult<bool> {
        let runs = self.documents(RUNS);
        Ok(runs.find_one(filter::run(owner, run)).projection(doc! { "_id": 1 }).await?.is_some())
    }

    /// The newest attempts at the calls of a run, whose keys begin with `place`, with what they ask for.
    async fn call_records(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        place: &str,
    ) -> MongoResult<Vec<CallRecord>> {
        if !self.is_found(owner, run).await? {
            return Ok(Vec::new());
        }
        let attempts = self.newest_attempts(run, place, u64::MAX).await?;
        // Whoever reads this later finds what each attempt asks for.
        let asked = self.entries(beginning(&format!("{run}/call/{place}"))).await?;
        let asked = asked.iter().map(|call| Ok((told::place(&call.fields)?, told::read(call)?)));
        let mut asked = asked.collect::<MongoResult<BTreeMap<_, AskedCall>>>()?;
        attempts.into_iter().map(|(call, attempt)| record(call, asked.remove(&call), attempt)).collect()
    }

    /// The newest attempt at each call of a run, whose keys begin with `place`, as the event numbered `until` left
    /// them.
    pub(crate) async fn newest_attempts(
        &self,
        run: RunId,
        place: &str,
        until: u64,
    ) -> MongoResult<BTreeMap<(u32, u32), AttemptProgress>> {
        let mut told = beginning(&format!("{run}/attempt/{place}"));
        told.insert("sequence", doc! { "$lte": i64::try_from(until).unwrap_or(i64::MAX) });
        // The last that is told of a call counts.
        let entries = self.entries(told).await?;
        entries.iter().map(|entry| Ok((told::place(&entry.fields)?, told::attempt(entry)?))).collect()
    }
}

fn record(
    (step, index): (u32, u32),
    call: Option<AskedCall>,
    AttemptProgress { attempt, started, key, end }: AttemptProgress,
) -> MongoResult<CallRecord> {
    let call = call.ok_or_else(|| {
        StoreError::Corrupt(format!("what call {index} of step {step} asks for is missing").into())
    })?;
    Ok(CallRecord { step, index, attempt, call, started, key, end })
}
