//! Sweeps, and the steps they go. What was asked of one is an entry beside the journals: it may be large.

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use simulay_model::{
    OwnerFilter, PointCounts, Quotas, Run, RunSummary, Sweep, SweepId, SweepProgress, SweepSpec,
    SweepSummary, Usage,
};
use simulay_store::{Claim, Outcome, PointRun, StoreError, SweepQuery, Sweeps};

use crate::admission::whole;
use crate::entries::{Entry, beginning};
use crate::failure::{Failure, MongoResult};
use crate::fields::{damaged, json, number, optional, parsed, signed, to_json};
use crate::schema::{JOURNAL, RUNS, SWEEPS};
use crate::store::MongoStore;
use crate::{accept, filter, rows, told};

#[async_trait]
impl Sweeps for MongoStore {
    async fn add_sweep(&self, sweep: Sweep, answered: Option<(Claim, String)>) -> Result<(), StoreError> {
        let answered = answered.map(|(claim, answer)| (claim, Outcome::Answer(answer)));
        self.transaction((self, sweep, answered), |session, (store, sweep, answered)| {
            async move {
                if let Some((claim, outcome)) = answered {
                    store.claim(session, claim, outcome).await?;
                }
                store.put_sweep(session, sweep, None).await
            }
            .boxed()
        })
        .await
    }

    async fn sweep(&self, owner: &OwnerFilter, sweep: SweepId) -> Result<Option<Sweep>, StoreError> {
        self.bounded(async {
            let which = doc! { "$and": [{ "_id": sweep.to_string() }, filter::sweeps(owner)] };
            let found = self.documents(SWEEPS).find_one(which).await?;
            let Some(found) = found else { return Ok(None) };
            Ok(Some(self.whole_sweep(&found).await?))
        })
        .await
    }

    async fn sweeps(&self, owner: &OwnerFilter, query: SweepQuery) -> Result<Vec<SweepSummary>, StoreError> {
        self.bounded(async {
            let which = doc! { "$and": [filter::sweeps(owner), asked(&query)] };
            let sweeps = self.documents(SWEEPS);
            let found = sweeps.find(which).sort(doc! { "_id": -1 });
            let found: Vec<_> = found.limit(i64::from(query.limit)).await?.try_collect().await?;
            found.iter().map(summary).collect()
        })
        .await
    }

    async fn unfinished_sweeps(
        &self,
        after: Option<SweepId>,
        limit: u32,
    ) -> Result<Vec<SweepId>, StoreError> {
        let after = after.map(|sweep| sweep.to_string()).unwrap_or_default();
        self.bounded(async {
            let which = doc! { "unfinished": true, "_id": { "$gt": after } };
            let sweeps = self.documents(SWEEPS);
            let found = sweeps.find(which).sort(doc! { "_id": 1 }).limit(i64::from(limit));
            let found: Vec<_> = found.projection(doc! { "_id": 1 }).await?.try_collect().await?;
            found.iter().map(|sweep| parsed(sweep, "_id")).collect()
        })
        .await
    }

    async fn commit_sweep(
        &self,
        sweep: SweepId,
        progress: SweepProgress,
        runs: Vec<Run>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        let step = (self, sweep, progress, runs, quotas);
        self.transaction(step, |session, (store, sweep, progress, runs, quotas)| {
            async move {
                store.go_step(session, *sweep, progress).await?;
                store.accept_all(session, runs, quotas).await
            }
            .boxed()
        })
        .await
    }

    async fn count_points(&self, sweep: SweepId) -> Result<PointCounts, StoreError> {
        self.bounded(async {
            let stages = [
                doc! { "$match": { "sweep": sweep.to_string() } },
                doc! { "$group": { "_id": "$sweep_point", "last": last_run() } },
                doc! { "$group": { "_id": "$last.state", "count": { "$sum": 1_i64 } } },
            ];
            let mut found = self.documents(RUNS).aggregate(stages).await?;
            let mut counts = PointCounts::default();
            while let Some(count) = found.try_next().await? {
                let points = whole(&count, "count")?;
                counts.add(parsed(&count, "_id")?, u32::try_from(points).unwrap_or(u32::MAX));
            }
            Ok(counts)
        })
        .await
    }

    async fn points(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        self.bounded(async {
            let last = self.last_runs(sweep, from, limit).await?;
            let last: Vec<_> = last.iter().filter_map(|point| point.get("run").cloned()).collect();
            let runs = self.documents(RUNS);
            let found = runs.find(doc! { "_id": { "$in": last } }).projection(rows::summary_fields());
            let found: Vec<_> = found.sort(doc! { "sweep_point": 1 }).await?.try_collect().await?;
            Ok(found.iter().filter_map(|run| crate::runs::sound(run, rows::summary)).collect())
        })
        .await
    }

    async fn point_runs(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<PointRun>, StoreError> {
        self.bounded(async {
            let last = self.last_runs(sweep, from, limit).await?;
            Ok(last.iter().filter_map(|point| crate::runs::sound(point, point_run)).collect())
        })
        .await
    }
}

/// Of documents the one whose first field is greatest is. A host of an earlier version writes no number.
fn last_run() -> Document {
    let attempt = doc! { "$ifNull": ["$sweep_attempt", 0_i64] };
    doc! { "$max": { "attempt": attempt, "run": "$_id", "state": "$state" } }
}

fn point_run(found: &Document) -> MongoResult<PointRun> {
    let (point, attempt) = (number(found, "point")?, number(found, "attempt")?);
    Ok(PointRun { point, attempt, run: parsed(found, "run")?, state: parsed(found, "state")? })
}

impl MongoStore {
    /// The last runs of at most `limit` points from `from` on; read from the index alone.
    async fn last_runs(&self, sweep: SweepId, from: u32, limit: u32) -> MongoResult<Vec<Document>> {
        let which = doc! { "sweep": sweep.to_string(), "sweep_point": { "$gte": i64::from(from) } };
        let stages = [
            doc! { "$match": which },
            doc! { "$group": { "_id": "$sweep_point", "last": last_run() } },
            doc! { "$sort": { "_id": 1 } },
            doc! { "$limit": i64::from(limit.max(1)) },
            doc! { "$replaceWith": { "$mergeObjects": ["$last", { "point": "$_id" }] } },
        ];
        Ok(self.documents(RUNS).aggregate(stages).await?.try_collect().await?)
    }

    /// Puts a sweep in; `ended_ms` is when it ended, in the time observed.
    pub(crate) async fn put_sweep(
        &self,
        session: &mut ClientSession,
        sweep: &Sweep,
        ended_ms: Option<i64>,
    ) -> MongoResult<()> {
        let spec = to_json(&sweep.spec)?;
        let bytes = i64::try_from(spec.len()).unwrap_or(i64::MAX);
        let document = document(sweep, bytes, ended_ms)?;
        self.documents(SWEEPS).insert_one(document).session(&mut *session).await?;
        self.enter(session, [Entry::new(spec_key(&sweep.id.to_string()), Document::new(), spec)]).await?;
        self.records_change(session, &sweep.owner, bytes).await
    }

    /// A sweep with what was asked.
    pub(crate) async fn whole_sweep(&self, found: &Document) -> MongoResult<Sweep> {
        let SweepSummary { id, owner, plugin, name, labels, created_at, progress } = summary(found)?;
        let entries = self.entries(beginning(&spec_key(&id.to_string()))).await?;
        let spec = entries.first().ok_or_else(|| damaged("spec", "it is not there"))?;
        let spec = told::read::<SweepSpec>(spec)?;
        Ok(Sweep { id, owner, plugin, name, labels, created_at, spec, progress })
    }

    /// Makes the sweep what `progress` says, if it is at the revision before.
    async fn go_step(
        &self,
        session: &mut ClientSession,
        sweep: SweepId,
        progress: &SweepProgress,
    ) -> MongoResult<()> {
        let (id, sweeps) = (sweep.to_string(), self.documents(SWEEPS));
        let before = signed(progress.revision)?.saturating_sub(1);
        let ended_ms = progress.ended_at.map(|_| self.observed.millis());
        // Fields that are left out go: what is null is there, and would be in the indexes.
        let change = progress_fields(progress, ended_ms)?;
        let gone: Document = OPTIONAL
            .iter()
            .filter(|field| !change.contains_key(**field))
            .map(|field| ((*field).to_owned(), Bson::from("")))
            .collect();
        let mut update = doc! { "$set": change };
        if !gone.is_empty() {
            update.insert("$unset", gone);
        }
        let expected = doc! { "_id": &id, "revision": before };
        if sweeps.update_one(expected, update).session(&mut *session).await?.matched_count > 0 {
            return Ok(());
        }
        let known = sweeps.find_one(doc! { "_id": &id }).session(session).await?.is_some();
        Err(if known { StoreError::Stale } else { StoreError::NotFound }.into())
    }

    /// Stores queued runs of one owner.
    async fn accept_all(
        &self,
        session: &mut ClientSession,
        runs: &[Run],
        quotas: &Quotas,
    ) -> MongoResult<()> {
        let Some(Run { owner, created_at, .. }) = runs.first() else { return Ok(()) };
        let count = runs.len() as u64;
        if !quotas.is_empty() {
            let used = self.admitting(session, owner, *created_at).await?;
            quotas.admit_runs(&used, count, *created_at).map_err(StoreError::from)?;
        }
        let mut heads = Vec::with_capacity(runs.len());
        let mut journal = Vec::new();
        for run in runs {
            let entries = accept::entries(run)?;
            let bytes = entries.iter().map(|entry| entry.text.len()).sum::<usize>();
            heads.push(accept::head(run, i64::try_from(bytes).unwrap_or(i64::MAX), false));
            journal.extend(entries);
        }
        let inserted = self.documents(RUNS).insert_many(heads).session(&mut *session).await;
        inserted.map_err(|error| Failure::from(error).on_duplicate(StoreError::RunExists))?;
        self.enter(session, journal).await?;
        for run in runs {
            self.show_inputs(session, run).await?;
        }
        self.count(session, owner, *created_at, Usage { runs: count, ..Usage::default() }).await?;
        let these: Vec<_> = runs.iter().map(|run| run.id.to_string()).collect();
        self.touch(session, RUNS, doc! { "_id": { "$in": these } }).await
    }

    /// Forgets a sweep that ended by then and has no runs; false when another host was first.
    pub(crate) async fn forget_sweep(
        &self,
        session: &mut ClientSession,
        sweep: &str,
        before: i64,
    ) -> MongoResult<bool> {
        let old = doc! { "_id": sweep, "ended_ms": { "$lte": before } };
        let found = self.documents(SWEEPS).find_one_and_delete(old).session(&mut *session).await?;
        let Some(found) = found else { return Ok(false) };
        let journal = self.documents(JOURNAL);
        journal.delete_many(beginning(&spec_key(sweep))).session(&mut *session).await?;
        let bytes = number::<i64>(&found, "record_bytes")?;
        self.records_change(session, &parsed(&found, "owner")?, bytes.saturating_neg()).await?;
        Ok(true)
    }

    /// Those that ended by then and have no runs.
    pub(crate) async fn old_sweeps(&self, before: i64) -> MongoResult<Vec<String>> {
        let of_sweep = doc! { "from": RUNS, "localField": "_id", "foreignField": "sweep", "as": "runs",
        "pipeline": [{ "$limit": 1 }, { "$project": { "_id": 1 } }] };
        let stages = [
            doc! { "$match": { "ended_ms": { "$lte": before } } },
            doc! { "$project": { "_id": 1 } },
            doc! { "$lookup": of_sweep },
            doc! { "$match": { "runs": [] } },
        ];
        let found: Vec<_> = self.documents(SWEEPS).aggregate(stages).await?.try_collect().await?;
        found.iter().map(|sweep| parsed(sweep, "_id")).collect()
    }
}

/// What is not always there.
const OPTIONAL: [&str; 5] = ["retrying", "stopped_by", "ended_at", "ended_ms", "unfinished"];

fn spec_key(sweep: &str) -> String {
    format!("{sweep}/sweep/spec")
}

fn document(sweep: &Sweep, bytes: i64, ended_ms: Option<i64>) -> MongoResult<Document> {
    let inputs: Vec<_> = sweep.spec.inputs.iter().map(|input| input.sha256.to_string()).collect();
    let mut document = doc! {
        "_id": sweep.id.to_string(),
        "owner": sweep.owner.as_str(),
        "pipeline": sweep.plugin.name.as_str(),
        "version": sweep.plugin.version.to_string(),
        "sha256": sweep.plugin.sha256.to_string(),
        "created_at": sweep.created_at.to_string(),
        "record_bytes": bytes,
        "inputs": inputs,
    };
    document.extend(accept::description(sweep.name.as_ref(), &sweep.labels));
    document.extend(progress_fields(&sweep.progress, ended_ms)?);
    Ok(document)
}

fn progress_fields(progress: &SweepProgress, ended_ms: Option<i64>) -> MongoResult<Document> {
    let SweepProgress { revision, state, blocks, goal, begun, retrying, stopped_by, ended_at } = progress;
    let mut fields = doc! {
        "revision": signed(*revision)?,
        "state": state.as_str(),
        "blocks": to_json(blocks)?,
        "goal": i64::from(*goal),
        "begun": i64::from(*begun),
    };
    if let Some(point) = retrying {
        fields.insert("retrying", i64::from(*point));
    }
    if let Some(run) = stopped_by {
        fields.insert("stopped_by", run.to_string());
    }
    match (ended_at, ended_ms) {
        (Some(at), Some(ended_ms)) => {
            fields.extend(doc! { "ended_at": at.to_string(), "ended_ms": ended_ms })
        }
        _ => fields.extend(doc! { "unfinished": true }),
    }
    Ok(fields)
}

fn summary(found: &Document) -> MongoResult<SweepSummary> {
    Ok(SweepSummary {
        id: parsed(found, "_id")?,
        owner: parsed(found, "owner")?,
        plugin: rows::reference(found)?,
        name: optional(found, "name")?,
        labels: rows::labels(found)?,
        created_at: parsed(found, "created_at")?,
        progress: SweepProgress {
            revision: number(found, "revision")?,
            state: parsed(found, "state")?,
            blocks: json(found, "blocks")?,
            goal: number(found, "goal")?,
            begun: number(found, "begun")?,
            retrying: found.contains_key("retrying").then(|| number(found, "retrying")).transpose()?,
            stopped_by: optional(found, "stopped_by")?,
            ended_at: optional(found, "ended_at")?,
        },
    })
}

/// What a query asks for besides its limit.
fn asked(query: &SweepQuery) -> Document {
    let mut asked = Document::new();
    if let Some(pipeline) = &query.pipeline {
        asked.insert("pipeline", pipeline.as_str());
    }
    if let Some(state) = query.state {
        asked.insert("state", state.as_str());
    }
    if let Some(before) = query.before {
        asked.insert("_id", doc! { "$lt": before.to_string() });
    }
    asked
}
