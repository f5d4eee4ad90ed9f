//! How much runs keep that may be deleted.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use simulay_model::{AccountName, Digest, RunId};

use crate::artifacts::blob;
use crate::failure::MongoResult;
use crate::fields::{number, parsed};
use crate::retention::deletable_at_all;
use crate::schema::{ARTIFACTS, PLUGINS, RUNS};
use crate::store::MongoStore;

/// Blobs that are asked for at once.
const BATCH: usize = 1000;

impl MongoStore {
    /// Bytes of the blobs that only this run shows, and of its records.
    pub(crate) async fn own_bytes_of(&self, run: RunId) -> MongoResult<u64> {
        let shown = self.artifacts_of(doc! { "run": run.to_string() }).await?;
        let mut own = shown.iter().map(blob).collect::<MongoResult<HashMap<Digest, u64>>>()?;
        let blobs: Vec<_> = own.keys().copied().collect();
        for some in blobs.chunks(BATCH) {
            for shown in
                [self.shown_by(ARTIFACTS, some, Some(run)).await?, self.shown_by(PLUGINS, some, None).await?]
            {
                own.retain(|blob, _| !shown.contains(blob));
            }
        }
        Ok(own.values().sum::<u64>() + self.records_of(doc! { "_id": run.to_string() }).await?)
    }

    /// Bytes of the records of the runs that `filter` finds.
    pub(crate) async fn records_of(&self, filter: Document) -> MongoResult<u64> {
        let sum = doc! { "$group": { "_id": null, "bytes": { "$sum": "$record_bytes" } } };
        self.sum(RUNS, vec![doc! { "$match": filter }, sum]).await
    }

    /// Bytes of the blobs that nobody shows but runs that may be deleted.
    pub(crate) async fn freeable_blobs(&self) -> MongoResult<u64> {
        let mut steps = blobs_of_deletable();
        steps.extend([
            doc! { "$group": { "_id": "$shows.sha256", "size": { "$max": "$shows.size" }, "shown": { "$sum": 1 } } },
            showing(ARTIFACTS, doc! { "$group": { "_id": null, "n": { "$sum": 1 } } }, "all"),
            doc! { "$unwind": "$all" },
            showing(PLUGINS, doc! { "$limit": 1 }, "plugins"),
            doc! { "$match": { "plugins": [], "$expr": { "$eq": ["$all.n", "$shown"] } } },
            doc! { "$group": { "_id": null, "bytes": { "$sum": "$size" } } },
        ]);
        self.sum(RUNS, steps).await
    }

    /// Bytes that the runs of each account keep which may be deleted: equal blobs of an account once, and records.
    pub(crate) async fn deletable_of_each(&self) -> MongoResult<BTreeMap<AccountName, u64>> {
        let records = vec![
            doc! { "$match": deletable_at_all() },
            doc! { "$group": { "_id": "$owner", "bytes": { "$sum": "$record_bytes" } } },
        ];
        let mut blobs = blobs_of_deletable();
        let one = doc! { "owner": "$owner", "sha256": "$shows.sha256" };
        blobs.extend([
            doc! { "$group": { "_id": one, "size": { "$max": "$shows.size" } } },
            doc! { "$group": { "_id": "$_id.owner", "bytes": { "$sum": "$size" } } },
        ]);
        let mut bytes = BTreeMap::new();
        for steps in [records, blobs] {
            for sum in self.aggregate(RUNS, steps).await? {
                *bytes.entry(parsed(&sum, "_id")?).or_default() += number::<u64>(&sum, "bytes")?;
            }
        }
        Ok(bytes)
    }

    async fn sum(&self, collection: &str, steps: Vec<Document>) -> MongoResult<u64> {
        self.aggregate(collection, steps).await?.first().map_or(Ok(0), |sum| number(sum, "bytes"))
    }

    async fn aggregate(&self, collection: &str, steps: Vec<Document>) -> MongoResult<Vec<Document>> {
        let found = self.documents(collection).aggregate(steps).allow_disk_use(true).await?;
        Ok(found.try_collect().await?)
    }
}

/// What runs that may be deleted show, each as `shows`.
fn blobs_of_deletable() -> Vec<Document> {
    vec![
        doc! { "$match": deletable_at_all() },
        doc! { "$project": { "owner": 1 } },
        doc! { "$lookup": { "from": ARTIFACTS, "localField": "_id", "foreignField": "run", "as": "shows" } },
        doc! { "$unwind": "$shows" },
    ]
}

/// What of those documents of a collection which show a blob is wanted: whole, they may be very many.
fn showing(collection: &str, wanted: Document, name: &str) -> Document {
    let (from, pipeline) = (collection, [wanted]);
    doc! { "$lookup": {
        "from": from, "localField": "_id", "foreignField": "sha256", "pipeline": pipeline.as_slice(), "as": name,
    } }
}
