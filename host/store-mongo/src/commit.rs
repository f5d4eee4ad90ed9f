//! Effects of a change, written as they are: what they mean was decided elsewhere. What a run is from now on is set
//! in its own document, if it is what the change was decided on; the rest is added to its journal.

use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use simulay_model::{AccountName, Effects, Head, RunId};
use simulay_store::StoreError;

use crate::artifacts::{self, Shown};
use crate::failure::MongoResult;
use crate::fields::{flag, number, parsed, signed, sortable, text, to_json};
use crate::schema::RUNS;
use crate::store::MongoStore;
use crate::told;

impl MongoStore {
    /// Stores `effects`, if the run's last event is the one before theirs.
    pub(crate) async fn advance(
        &self,
        session: &mut ClientSession,
        run: RunId,
        fence: Option<u64>,
        effects: &Effects,
    ) -> MongoResult<()> {
        let entries = told::entries(run, effects)?;
        let bytes: usize = entries.iter().map(|entry| entry.text.len()).sum();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let before = self.set_head(session, run, fence, effects, bytes).await?;
        let owner: AccountName = parsed(&before, "owner")?;
        if let Some(taken) = &effects.taken {
            self.take(session, taken).await?;
        }
        self.enter(session, entries).await?;
        self.offer(session, (run, &owner), &effects.attempts).await?;
        let shown = Shown { run, owner: &owner, pipeline: text(&before, "pipeline")? };
        self.show(session, shown, number(&before, "artifacts")?, &effects.artifacts).await?;
        if effects.is_end() {
            let records = number::<i64>(&before, "record_bytes")?.saturating_add(bytes);
            self.records_change(session, &owner, records).await?;
        }
        let usage = self.usage_of(session, run, effects).await?;
        if !usage.is_nothing() {
            self.count(session, &owner, effects.at, usage).await?;
        }
        match effects.head {
            Some(_) => self.touch(session, RUNS, doc! { "_id": run.to_string() }).await,
            None => Ok(()),
        }
    }

    /// Makes the run what the effects say, if it is what they were decided on; what it was before.
    async fn set_head(
        &self,
        session: &mut ClientSession,
        run: RunId,
        fence: Option<u64>,
        effects: &Effects,
        bytes: i64,
    ) -> MongoResult<Document> {
        let mut expected =
            doc! { "_id": run.to_string(), "last_event": signed(effects.sequence)?.saturating_sub(1) };
        if let Some(fence) = fence {
            expected.insert("lease.fence", signed(fence)?);
        }
        let change = head_change(effects, self.observed.millis(), bytes)?;
        let runs = self.documents(RUNS);
        let set = runs.find_one_and_update(expected, change).session(&mut *session);
        match set.projection(doc! { "owner": 1, "pipeline": 1, "artifacts": 1, "record_bytes": 1 }).await? {
            Some(before) => Ok(before),
            None => Err(self.refusal(session, run, fence).await?.into()),
        }
    }

    /// Why a change to a run is refused.
    async fn refusal(
        &self,
        session: &mut ClientSession,
        run: RunId,
        fence: Option<u64>,
    ) -> MongoResult<StoreError> {
        let runs = self.documents(RUNS);
        let found = runs.find_one(doc! { "_id": run.to_string() }).session(session);
        let Some(run) = found.projection(doc! { "unfinished": 1, "lease": 1 }).await? else {
            return Ok(StoreError::NotFound);
        };
        let newest = run.get_document("lease").ok().map(|lease| number::<u64>(lease, "fence")).transpose()?;
        Ok(match (fence, newest) {
            (None, _) => StoreError::Stale,
            (Some(fence), Some(newest)) if fence == newest => StoreError::Stale,
            // What has ended is leased to nobody.
            (Some(_), None) if !flag(&run, "unfinished")? => StoreError::Ended,
            _ => StoreError::Fenced,
        })
    }
}

/// How the run's document changes. `observed` is the time, as it was seen to pass; `bytes` are those of new records.
fn head_change(effects: &Effects, observed: i64, bytes: i64) -> MongoResult<Document> {
    let mut set = doc! { "last_event": signed(effects.sequence)? };
    if let Some(head) = &effects.head {
        set.extend(head_fields(head, observed)?);
    }
    for artifact in &effects.artifacts {
        if let Some(mark) = artifacts::mark(artifact.kind) {
            set.insert(mark, true);
        }
    }
    let count = i64::try_from(effects.artifacts.len()).unwrap_or(i64::MAX);
    let mut change = doc! { "$set": set, "$inc": { "artifacts": count, "record_bytes": bytes } };
    if effects.is_end() {
        change.insert("$unset", doc! { "unfinished": "", "lease": "" });
    }
    Ok(change)
}

pub(crate) fn head_fields(head: &Head, observed: i64) -> MongoResult<Document> {
    let Head { state, steps, cancel_requested, started_at, ended_at, error } = head;
    let mut fields =
        doc! { "state": state.as_str(), "steps": i64::from(*steps), "cancel_requested": *cancel_requested };
    if let Some(at) = started_at {
        fields.insert("started_at", at.to_string());
    }
    if let Some(at) = ended_at {
        fields.extend(doc! { "ended_at": sortable(*at), "ended_ms": observed });
    }
    if let Some(error) = error {
        fields.extend(doc! { "error": to_json(error)?, "error_kind": error.kind.as_str() });
    }
    Ok(fields)
}
