//! Runs: accepted, listed, changed.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use mongodb::bson::{Document, doc};
use simulay_model::{Description, Effects, OwnerFilter, Progress, Quotas, Request, Run, RunId, RunSummary};
use simulay_store::{Claim, ClaimableRun, Lease, Renewed, RunQuery, Runs, StoreError};

use crate::entries::beginning;
use crate::failure::MongoResult;
use crate::fields::{damaged, flag, parsed};
use crate::overview::asked;
use crate::schema::RUNS;
use crate::store::MongoStore;
use crate::{accept, filter, rows, told};

/// The fields that describe a run.
const DESCRIBING: [&str; 3] = ["name", "name_folded", "labels"];

#[async_trait]
impl Runs for MongoStore {
    async fn create_within(&self, run: Run, claim: Option<Claim>, quotas: &Quotas) -> Result<(), StoreError> {
        self.transaction((self, run, claim, quotas), |session, (store, run, claim, quotas)| {
            store.accept(session, run, claim.as_ref(), quotas).boxed()
        })
        .await
    }

    async fn progress(&self, run: RunId) -> Result<Option<Progress>, StoreError> {
        self.bounded(async {
            let Some(mut progress) = self.head_of(&OwnerFilter::Any, run).await? else { return Ok(None) };
            // What came since then would contradict the head.
            progress.attempts = self.newest_attempts(run, "", progress.sequence).await?;
            Ok(Some(progress))
        })
        .await
    }

    async fn head(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Progress>, StoreError> {
        self.bounded(self.head_of(owner, run)).await
    }

    async fn commit_all(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<(), StoreError> {
        self.transaction((self, run, fence, effects), |session, (store, run, fence, effects)| {
            async move {
                for effects in effects {
                    store.advance(session, *run, *fence, effects).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await
    }

    async fn acquire_lease(
        &self,
        run: RunId,
        holder: &str,
        time: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.bounded(self.acquire(run, holder, time)).await
    }

    async fn renew_lease(&self, run: RunId, lease: Lease, time: Duration) -> Result<Renewed, StoreError> {
        self.bounded(self.renew(run, lease, time)).await
    }

    async fn get(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Run>, StoreError> {
        self.bounded(self.whole(owner, run)).await
    }

    async fn summary(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        self.bounded(async {
            let runs = self.documents(RUNS);
            let found = runs.find_one(filter::run(owner, run));
            found.projection(rows::summary_fields()).await?.as_ref().map(rows::summary).transpose()
        })
        .await
    }

    async fn list(&self, owner: &OwnerFilter, query: RunQuery) -> Result<Vec<RunSummary>, StoreError> {
        self.bounded(async {
            let runs = self.documents(RUNS);
            let before = query.before.map_or(doc! {}, |run| doc! { "_id": { "$lt": run.to_string() } });
            let found = runs.find(doc! { "$and": [filter::runs(owner), asked(&query.filter), before] });
            let found = found.projection(rows::summary_fields()).sort(doc! { "_id": -1 });
            let found: Vec<_> = found.limit(i64::from(query.limit)).await?.try_collect().await?;
            Ok(found.iter().filter_map(|run| sound(run, rows::summary)).collect())
        })
        .await
    }

    async fn describe(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        before: &Description,
        after: &Description,
    ) -> Result<(), StoreError> {
        let one = filter::run(owner, run);
        let as_before = doc! { "$and": [one.clone(), is_described(before)] };
        self.transaction((self, one, as_before, after), |session, (store, one, as_before, after)| {
            async move {
                let runs = store.documents(RUNS);
                let told =
                    runs.update_one(as_before.clone(), described(after)).session(&mut *session).await?;
                if told.matched_count > 0 {
                    return store.touch(session, RUNS, one.clone()).await;
                }
                let found = runs.find_one(one.clone()).projection(doc! { "_id": 1 }).session(session).await?;
                Err(if found.is_some() { StoreError::Stale } else { StoreError::NotFound }.into())
            }
            .boxed()
        })
        .await
    }

    async fn count_unfinished(&self, owner: &OwnerFilter, most: usize) -> Result<usize, StoreError> {
        self.bounded(async {
            let unfinished = doc! { "$and": [{ "unfinished": true }, filter::runs(owner)] };
            // No bound would be none.
            let most = u64::try_from(most).unwrap_or(u64::MAX).clamp(1, 1 << 40);
            let count = self.documents(RUNS).count_documents(unfinished).limit(most).await?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        })
        .await
        .map(|count| count.min(most))
    }

    async fn claimable(&self, per_flow: usize) -> Result<Vec<ClaimableRun>, StoreError> {
        self.bounded(self.claims(per_flow)).await
    }
}

impl MongoStore {
    async fn head_of(&self, owner: &OwnerFilter, run: RunId) -> MongoResult<Option<Progress>> {
        let runs = self.documents(RUNS);
        let found = runs.find_one(filter::run(owner, run));
        found.projection(rows::progress_fields()).await?.as_ref().map(rows::progress).transpose()
    }

    /// A run with its documents.
    pub(crate) async fn whole(&self, owner: &OwnerFilter, run: RunId) -> MongoResult<Option<Run>> {
        let Some(found) = self.documents(RUNS).find_one(filter::run(owner, run)).await? else {
            return Ok(None);
        };
        let documents = self.entries(beginning(&format!("{run}/document/"))).await?;
        let document = |name: &str| documents.iter().find(|entry| entry.place() == name);
        let missing = |name: &str| damaged(name, "it is not there");
        let request = Request {
            params: told::read(document("params").ok_or_else(|| missing("params"))?)?,
            inputs: told::read(document("inputs").ok_or_else(|| missing("inputs"))?)?,
            seed: parsed(&found, "seed")?,
        };
        let mut run = rows::run(&found, request)?;
        // One that came since then would contradict the head.
        if !flag(&found, "unfinished")? {
            run.report = document("report").map(told::read).transpose()?;
        }
        Ok(Some(run))
    }
}

/// What a run has that is described so: fields, and those that are not there.
fn is_described(description: &Description) -> Document {
    let mut fields = accept::description(description.name.as_ref(), &description.labels);
    for field in DESCRIBING {
        if !fields.contains_key(field) {
            fields.insert(field, doc! { "$exists": false });
        }
    }
    fields
}

/// How a run comes to be described so.
fn described(description: &Description) -> Document {
    let set = accept::description(description.name.as_ref(), &description.labels);
    let unset = DESCRIBING.iter().filter(|field| !set.contains_key(field));
    let unset: Document = unset.map(|field| ((*field).to_owned(), "".into())).collect();
    let changes = [("$set", set), ("$unset", unset)].into_iter().filter(|(_, fields)| !fields.is_empty());
    changes.map(|(change, fields)| (change.to_owned(), fields.into())).collect()
}

/// A damaged run is left out of lists: it must not hide the others.
pub(crate) fn sound<T>(run: &Document, read: impl FnOnce(&Document) -> MongoResult<T>) -> Option<T> {
    read(run)
        .inspect_err(|error| {
            let id = run.get_str("_id").unwrap_or_default();
            tracing::error!(run = id, ?error, "a damaged run is left out of the list");
        })
        .ok()
}
