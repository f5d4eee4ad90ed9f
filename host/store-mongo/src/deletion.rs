//! Runs that are deleted, and what they leave that is let go of. The head of a run and what others look at go in one
//! transaction; its journal, which may be long and nobody finds any more, follows, also when the host that began
//! is gone by then.

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::doc;
use simulay_model::{AccountName, ArtifactKind, CallEnd, RunId};
use simulay_store::{Left, StoreError};

use crate::entries::beginning;
use crate::failure::MongoResult;
use crate::fields::{flag, number, parsed, text, to_json};
use crate::schema::{DELETIONS, JOURNAL, RUNS};
use crate::store::MongoStore;
use crate::{artifacts, told};

/// Runs that are looked after at once.
const BATCH: i64 = 50;

impl MongoStore {
    /// Deletes an ended run but for its journal, and tells of it.
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
        self.hide(session, &owner, doc! { "run": run.to_string() }).await?;
        self.forget_links(session, run).await?;
        self.records_change(session, &owner, number::<i64>(&found, "record_bytes")?.saturating_neg()).await
    }

    /// Deletes the journals of runs that are no more.
    pub(crate) async fn sweep(&self) -> MongoResult<()> {
        let deletions = self.documents(DELETIONS);
        let unswept =
            deletions.find(doc! { "unswept": true }).projection(doc! { "_id": 1 }).limit(BATCH).await?;
        for run in unswept.try_collect::<Vec<_>>().await? {
            let run = text(&run, "_id")?;
            self.documents(JOURNAL).delete_many(beginning(&format!("{run}/"))).await?;
            deletions.update_one(doc! { "_id": run }, doc! { "$unset": { "unswept": "" } }).await?;
        }
        Ok(())
    }

    /// Some of the runs that ended by then and still have such files.
    pub(crate) async fn leaving(&self, left: Left, before: i64) -> MongoResult<Vec<RunId>> {
        let leaving = doc! { mark(left): true, "ended_ms": { "$lte": before } };
        let runs = self.documents(RUNS);
        let found = runs.find(leaving).projection(doc! { "_id": 1 }).limit(BATCH).await?;
        let found: Vec<_> = found.try_collect().await?;
        found.iter().map(|run| parsed(run, "_id")).collect()
    }

    /// Lets go of such files of a run; gives their number. The records of its calls no longer name them either.
    pub(crate) async fn let_go_of(
        &self,
        session: &mut ClientSession,
        run: RunId,
        left: Left,
    ) -> MongoResult<u64> {
        let runs = self.documents(RUNS);
        let (this, done) = (doc! { "_id": run.to_string() }, doc! { "$unset": { mark(left): "" } });
        let Some(found) = runs.find_one_and_update(this.clone(), done).session(&mut *session).await? else {
            return Ok(0);
        };
        let owner = parsed(&found, "owner")?;
        let kinds: Vec<_> = kinds(left).iter().map(|kind| kind.as_str()).collect();
        let files =
            self.hide(session, &owner, doc! { "run": run.to_string(), "kind": { "$in": kinds } }).await?;
        let fewer = self.forget_files(session, run, left).await?.saturating_neg();
        runs.update_one(this, doc! { "$inc": { "record_bytes": fewer } }).session(&mut *session).await?;
        self.records_change(session, &owner, fewer).await?;
        Ok(files)
    }

    /// Has the ends of calls name such files no longer; gives by how much they are shorter.
    async fn forget_files(&self, session: &mut ClientSession, run: RunId, left: Left) -> MongoResult<i64> {
        let mut ended = beginning(&format!("{run}/attempt/"));
        // Also what goes on in further documents.
        ended.insert("started", doc! { "$ne": false });
        let (mut fewer, mut shorter) = (0, Vec::new());
        for entry in self.entries_in(session, ended).await? {
            if !flag(&entry.fields, "ended")? {
                continue;
            }
            let text = to_json(&without(told::read(&entry)?, left))?;
            if text != entry.text {
                fewer += i64::try_from(entry.text.len()).unwrap_or(i64::MAX)
                    - i64::try_from(text.len()).unwrap_or(0);
                shorter.push(entry.saying(text));
            }
        }
        self.replace(session, shorter).await?;
        Ok(fewer)
    }
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
