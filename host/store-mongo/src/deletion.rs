//! Runs that are deleted, and what they leave that is let go of. The head of a run goes in one transaction; its artifacts
//! and its journal, which may be many and nobody finds any more, follow some at a time, also when the host that began is
//! gone by then.

use futures_util::{FutureExt as _, TryStreamExt as _};
use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use simulay_model::{AccountName, ArtifactKind, CallEnd, Chain, RunId};
use simulay_store::{Left, StoreError};

use crate::entries::beginning;
use crate::failure::{Failure, MongoResult, bounded};
use crate::fields::{flag, number, parsed, text, to_json};
use crate::schema::{DELETIONS, JOURNAL, RUNS};
use crate::store::MongoStore;
use crate::{artifacts, told};

/// Runs that are looked after at once.
const BATCH: i64 = 50;

impl MongoStore {
    /// Deletes an ended run but for its artifacts and its journal, and tells of it.
    pub(crate) async fn remove(
        &self,
        session: &mut ClientSession,
        run: RunId,
        at: Timestamp,
        why: &str,
    ) -> MongoResult<()> {
        let runs = self.documents(RUNS);
        let found = runs.find_one_and_delete(doc! { "_id": run.to_string() }).session(&mut *session).await?;
        let found = found.ok_or(StoreError::NotFound)?;
        if flag(&found, "unfinished")? || flag(&found, "remembered")? {
            return Err(StoreError::Conflict(format!("the run {run} is still needed")).into());
        }
        let owner: AccountName = parsed(&found, "owner")?;
        let deletion = doc! {
            "_id": run.to_string(), "owner": owner.as_str(), "pipeline": text(&found, "pipeline")?,
            "at": at.to_string(), "why": why, "unswept": true,
        };
        self.documents(DELETIONS).insert_one(deletion).session(&mut *session).await?;
        self.offer_no_more(session, run, None).await?;
        self.forget_links(session, run).await?;
        self.records_change(session, &owner, number::<i64>(&found, "record_bytes")?.saturating_neg()).await
    }

    /// Deletes what is left of runs that are no more. What fails stays for the next time.
    pub(crate) async fn sweep(&self) {
        match self.bounded(self.unswept()).await {
            Ok(deletions) => {
                for deletion in deletions {
                    let swept = self.sweep_run(&deletion).await;
                    swept.unwrap_or_else(|error| stays(&error));
                }
            }
            Err(error) => stays(&error),
        }
    }

    async fn unswept(&self) -> MongoResult<Vec<Document>> {
        let found = self.documents(DELETIONS).find(doc! { "unswept": true }).limit(BATCH).await?;
        Ok(found.try_collect().await?)
    }

    async fn sweep_run(&self, deletion: &Document) -> Result<(), StoreError> {
        let run = text(deletion, "_id")?;
        self.hide(&parsed(deletion, "owner")?, doc! { "run": run }).await?;
        let journal = self.documents(JOURNAL);
        bounded(journal.delete_many(beginning(&format!("{run}/")))).await.map_err(Failure::from)?;
        let swept = doc! { "$unset": { "unswept": "" } };
        let deletions = self.documents(DELETIONS);
        bounded(deletions.update_one(doc! { "_id": run }, swept)).await.map_err(Failure::from)?;
        Ok(())
    }

    /// Some of the runs that ended by then and still have such files, besides some.
    pub(crate) async fn leaving(
        &self,
        left: Left,
        before: i64,
        besides: &[RunId],
    ) -> MongoResult<Vec<RunId>> {
        let besides: Vec<_> = besides.iter().map(RunId::to_string).collect();
        let leaving = doc! { mark(left): true, "ended_ms": { "$lte": before }, "_id": { "$nin": besides } };
        let runs = self.documents(RUNS);
        let found = runs.find(leaving).projection(doc! { "_id": 1 }).limit(BATCH).await?;
        let found: Vec<_> = found.try_collect().await?;
        found.iter().map(|run| parsed(run, "_id")).collect()
    }

    /// Lets go of such files of a run; gives their number. First the records of its calls no longer name them; in the
    /// end it is told that there are none, so that what broke off goes on.
    pub(crate) async fn let_go_of(&self, run: RunId, left: Left) -> Result<u64, StoreError> {
        let unnamed = self.transaction((self, run, left), |session, (store, run, left)| {
            store.unname(session, *run, *left).boxed()
        });
        let Some(owner) = unnamed.await? else { return Ok(0) };
        let kinds: Vec<_> = kinds(left).iter().map(|kind| kind.as_str()).collect();
        let files = self.hide(&owner, doc! { "run": run.to_string(), "kind": { "$in": kinds } }).await?;
        let (this, done) = (doc! { "_id": run.to_string() }, doc! { "$unset": { mark(left): "" } });
        bounded(self.documents(RUNS).update_one(this, done)).await.map_err(Failure::from)?;
        Ok(files)
    }

    /// Has the records of a run name such files no longer; gives its owner.
    async fn unname(
        &self,
        session: &mut ClientSession,
        run: RunId,
        left: Left,
    ) -> MongoResult<Option<AccountName>> {
        let (runs, this) = (self.documents(RUNS), doc! { "_id": run.to_string() });
        let Some(found) = runs.find_one(this.clone()).session(&mut *session).await? else {
            return Ok(None);
        };
        let owner = parsed(&found, "owner")?;
        let fewer = self.forget_files(session, run, left).await?.saturating_neg();
        if fewer != 0 {
            runs.update_one(this, doc! { "$inc": { "record_bytes": fewer } }).session(&mut *session).await?;
            self.records_change(session, &owner, fewer).await?;
        }
        Ok(Some(owner))
    }

    /// Has the ends of calls name such files no longer; gives by how much they are shorter.
    async fn forget_files(&self, session: &mut ClientSession, run: RunId, left: Left) -> MongoResult<i64> {
        let mut ended = beginning(&format!("{run}/attempt/"));
        // Also what goes on in further documents.
        ended.insert("started", doc! { "$ne": false });
        let (mut fewer, mut shorter) = (0, Vec::new());
        for mut entry in self.entries_in(session, ended).await? {
            if !flag(&entry.fields, "ended")? {
                continue;
            }
            let text = to_json(&without(told::read(&entry)?, left))?;
            if text != entry.text {
                fewer += i64::try_from(entry.text.len()).unwrap_or(i64::MAX)
                    - i64::try_from(text.len()).unwrap_or(0);
                // What is not whole any more is taken by nobody.
                entry.fields.remove("key");
                self.offer_no_more(session, run, Some(told::place(&entry.fields)?)).await?;
                shorter.push(entry.saying(text));
            }
        }
        self.replace(session, shorter).await?;
        Ok(fewer)
    }
}

fn stays(error: &StoreError) {
    tracing::warn!(error = %Chain(error), "what a deleted run left stays for now");
}

/// How the run's document tells that it has such files.
fn mark(left: Left) -> &'static str {
    kinds(left).first().and_then(|kind| artifacts::mark(*kind)).unwrap_or_default()
}

const fn kinds(left: Left) -> &'static [ArtifactKind] {
    match left {
        Left::Logs => &[ArtifactKind::Stdout, ArtifactKind::Stderr],
        Left::Outputs => &[ArtifactKind::Output],
    }
}

/// What came of a call, which names such files no longer.
fn without(end: CallEnd, left: Left) -> CallEnd {
    match (end, left) {
        (CallEnd::Result(mut result), Left::Logs) => {
            (result.stdout_log, result.stderr_log) = (None, None);
            CallEnd::Result(result)
        }
        (CallEnd::Result(mut result), Left::Outputs) => {
            result.outputs.clear();
            CallEnd::Result(result)
        }
        (end @ CallEnd::Error(_), _) => end,
    }
}
