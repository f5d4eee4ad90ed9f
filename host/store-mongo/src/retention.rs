//! Records that are kept no longer.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use simulay_model::{AccountName, Chain, Digest, OwnerFilter, RunId};
use simulay_store::{Left, Retention, StoreError};

use crate::failure::MongoResult;
use crate::fields::{damaged, parsed};
use crate::schema::{ARTIFACTS, PLUGINS, RUNS, SWEEPS};
use crate::store::MongoStore;

/// Blobs that are asked for at once.
const BATCH: usize = 1000;

#[async_trait]
impl Retention for MongoStore {
    async fn ended(&self, owner: &OwnerFilter, age: Duration, limit: u32) -> Result<Vec<RunId>, StoreError> {
        let mut old = deletable(doc! { "$lte": self.observed.before(age) });
        if let Some(owner) = owner.account() {
            old.insert("owner", owner.as_str());
        }
        self.bounded(async {
            let runs = self.documents(RUNS);
            let found = runs.find(old).sort(doc! { "ended_ms": 1, "ended_at": 1 });
            let found = found.projection(doc! { "_id": 1 }).limit(i64::from(limit)).await?;
            let found: Vec<_> = found.try_collect().await?;
            found.iter().map(|run| parsed(run, "_id")).collect()
        })
        .await
    }

    async fn own_bytes(&self, run: RunId) -> Result<u64, StoreError> {
        self.bounded(self.own_bytes_of(run)).await
    }

    async fn freeable(&self) -> Result<u64, StoreError> {
        self.bounded(async { Ok(self.freeable_blobs().await? + self.records_of(deletable_at_all()).await?) })
            .await
    }

    async fn deletable_bytes(&self) -> Result<BTreeMap<AccountName, u64>, StoreError> {
        self.bounded(self.deletable_of_each()).await
    }

    async fn observe(&self, passed: Duration) -> Result<(), StoreError> {
        self.bounded(self.pass(passed)).await
    }

    async fn delete(&self, run: RunId, at: Timestamp, why: &str) -> Result<(), StoreError> {
        self.transaction((self, run, at, why), |session, (store, run, at, why)| {
            store.remove(session, *run, *at, why).boxed()
        })
        .await?;
        self.sweep().await;
        Ok(())
    }

    async fn let_go(&self, left: Left, age: Duration) -> Result<usize, StoreError> {
        let (before, mut files, mut failed) = (self.observed.before(age), 0, Vec::new());
        loop {
            let runs = self.bounded(self.leaving(left, before, &failed)).await?;
            if runs.is_empty() {
                return Ok(files);
            }
            for run in runs {
                match self.let_go_of(run, left).await {
                    Ok(gone) => files += usize::try_from(gone).unwrap_or(usize::MAX),
                    Err(error) => {
                        tracing::warn!(%run, error = %Chain(&error), "the files of a run stay for now");
                        failed.push(run);
                        // Whether the server answers at all is seen by asking it anew.
                        break;
                    }
                }
            }
        }
    }

    async fn forget_sweeps(&self, age: Duration) -> Result<usize, StoreError> {
        let (before, mut forgotten) = (self.observed.before(age), 0);
        for sweep in self.bounded(self.old_sweeps(before)).await? {
            let gone = self.transaction((self, sweep, before), |session, (store, sweep, before)| {
                store.forget_sweep(session, sweep, *before).boxed()
            });
            forgotten += usize::from(gone.await?);
        }
        Ok(forgotten)
    }

    async fn begin_collecting(&self, time: Duration) -> Result<bool, StoreError> {
        let begins = self.bounded(self.take_turn(time)).await?;
        if begins && let Err(error) = self.label().await {
            let error = StoreError::from(error);
            tracing::warn!(error = %Chain(&error), "some entries of journals do not tell their run for now");
        }
        Ok(begins)
    }

    async fn shown(&self, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError> {
        self.bounded(async {
            let mut shown = HashSet::new();
            for some in blobs.chunks(BATCH) {
                shown.extend(self.shown_by(ARTIFACTS, some, None).await?);
                shown.extend(self.shown_by(PLUGINS, some, None).await?);
                shown.extend(self.shown_by_sweeps(some).await?);
            }
            Ok(shown)
        })
        .await
    }
}

/// Runs that may be deleted, of those that ended when `ended` says.
pub(crate) fn deletable(ended: Document) -> Document {
    doc! { "ended_ms": ended, "remembered": { "$exists": false } }
}

/// Runs that may be deleted, whenever they ended.
pub(crate) fn deletable_at_all() -> Document {
    deletable(doc! { "$exists": true })
}

impl MongoStore {
    /// Which of `blobs` documents of a collection show, besides those of one run.
    pub(crate) async fn shown_by(
        &self,
        collection: &str,
        blobs: &[Digest],
        besides: Option<RunId>,
    ) -> MongoResult<HashSet<Digest>> {
        let some: Vec<Bson> = blobs.iter().map(|blob| blob.to_string().into()).collect();
        let mut showing = doc! { "sha256": { "$in": some } };
        if let Some(run) = besides {
            showing.insert("run", doc! { "$ne": run.to_string() });
        }
        let shown = self.documents(collection).distinct("sha256", showing).await?;
        shown.iter().map(digest).collect()
    }

    /// Which of `blobs` the next points of sweeps need.
    async fn shown_by_sweeps(&self, blobs: &[Digest]) -> MongoResult<HashSet<Digest>> {
        let some: Vec<Bson> = blobs.iter().map(|blob| blob.to_string().into()).collect();
        let showing = doc! { "inputs": { "$in": some } };
        let shown = self.documents(SWEEPS).distinct("inputs", showing).await?;
        shown.iter().map(digest).collect()
    }
}

fn digest(value: &Bson) -> MongoResult<Digest> {
    let text = value.as_str().ok_or_else(|| damaged("sha256", "it is no text"))?;
    text.parse().map_err(|error| damaged("sha256", error))
}
