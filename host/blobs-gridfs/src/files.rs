//! The documents of files, and what they go through. `incoming` files wait for their chunks; a `stored` one is the
//! blob of its name, of which there is one; those that are `going` are nobody's, and wait to be removed.

use std::time::Duration;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::options::{CollectionOptions, IndexOptions, ReturnDocument};
use mongodb::{Collection, Database, IndexModel};
use serde::Deserialize;
use simulay_blobs::{BlobError, Whole};
use simulay_model::Digest;

use crate::chunks::CHUNK;
use crate::failure::{all, bounded, int, is_duplicate, of_mongo};

/// After this time no chunk comes any more that a writer had sent before he went.
const LATE: Duration = Duration::from_secs(5 * 60);

/// The files there are.
#[derive(Clone)]
pub(crate) struct Files(Collection<File>);

/// A file, whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct File {
    #[serde(rename = "_id")]
    pub(crate) id: ObjectId,
    /// Bytes.
    #[serde(rename = "length")]
    pub(crate) size: u64,
    /// Bytes of a chunk.
    #[serde(rename = "chunkSize")]
    pub(crate) chunk: u64,
}

/// A stored file as it is listed.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    #[serde(rename = "filename")]
    pub(crate) blob: Digest,
    #[serde(rename = "length")]
    pub(crate) size: u64,
    /// Milliseconds since it was stored or kept; below zero when the server's clock went back.
    pub(crate) age: i64,
}

/// What became of a file that was to be a blob.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Publication {
    /// It is the blob.
    Stored,
    /// Another file is.
    Occupied,
    /// Somebody took it for one that was left behind.
    Abandoned,
}

impl Files {
    pub(crate) fn of(database: &Database, options: CollectionOptions) -> Self {
        Self(database.collection_with_options("blobs.files", options))
    }

    /// Makes the indexes: a blob has one file, and files that are left behind are found.
    pub(crate) async fn prepare(&self) -> Result<(), BlobError> {
        let mut once = IndexOptions::builder().unique(true).build();
        once.partial_filter_expression = Some(doc! { "metadata.state": "stored" });
        let stored = IndexModel::builder().keys(doc! { "filename": 1 }).options(once).build();
        let waiting = IndexModel::builder().keys(doc! { "metadata.state": 1, "uploadDate": 1 }).build();
        bounded(self.0.create_indexes([stored, waiting])).await.map(|_| ()).map_err(of_mongo)
    }

    /// Begins a file, before its first chunk: what is left of it is found by its document.
    pub(crate) async fn begin(&self) -> Result<ObjectId, BlobError> {
        let id = ObjectId::new();
        let begun = doc! { "$set": {
            "length": 0_i64, "chunkSize": CHUNK as i64, "uploadDate": "$$NOW", "metadata": { "state": "incoming" },
        } };
        bounded(self.0.update_one(doc! { "_id": id }, vec![begun]).upsert(true)).await.map_err(of_mongo)?;
        Ok(id)
    }

    /// Makes a file whose chunks have all come the blob, unless there is one.
    pub(crate) async fn publish(&self, id: ObjectId, whole: Whole) -> Result<Publication, BlobError> {
        let stored = doc! { "$set": {
            "filename": whole.blob.to_string(), "length": int(whole.size)?,
            "metadata": { "state": "stored", "kept_at": "$$NOW" },
        } };
        let incoming = doc! { "_id": id, "metadata.state": "incoming" };
        match bounded(self.0.update_one(incoming, vec![stored])).await {
            Ok(updated) if updated.matched_count == 0 => Ok(Publication::Abandoned),
            Ok(_) => Ok(Publication::Stored),
            Err(error) if is_duplicate(&error) => Ok(Publication::Occupied),
            Err(error) => Err(of_mongo(error)),
        }
    }

    /// The file of a blob.
    pub(crate) async fn get(&self, blob: Digest) -> Result<Option<File>, BlobError> {
        bounded(self.0.find_one(stored(blob))).await.map_err(of_mongo)
    }

    /// The file of a blob, which is young from now on.
    pub(crate) async fn keep(&self, blob: Digest) -> Result<Option<File>, BlobError> {
        let kept = vec![doc! { "$set": { "metadata.kept_at": "$$NOW" } }];
        let keeping = self.0.find_one_and_update(stored(blob), kept).return_document(ReturnDocument::After);
        bounded(keeping).await.map_err(of_mongo)
    }

    /// Ends a blob that was neither stored nor kept for `age`; gives the file that was it.
    pub(crate) async fn end(&self, blob: Digest, age: Duration) -> Result<Option<File>, BlobError> {
        let mut old = stored(blob);
        old.insert("$expr", older("$metadata.kept_at", age)?);
        bounded(self.0.find_one_and_update(old, going())).await.map_err(of_mongo)
    }

    /// Gives up a file that never became a blob; false when it did, or somebody else gave it up and removed it.
    pub(crate) async fn give_up(&self, id: ObjectId) -> Result<bool, BlobError> {
        let incoming = doc! { "_id": id, "metadata.state": "incoming" };
        let going = doc! { "$set": { "metadata": { "state": "going", "going_at": "$$NOW" } } };
        let given_up = bounded(self.0.update_one(incoming, vec![going])).await.map_err(of_mongo)?;
        Ok(given_up.matched_count == 1)
    }

    /// True when a file is there, whatever it is.
    pub(crate) async fn has(&self, id: ObjectId) -> Result<bool, BlobError> {
        let found = bounded(self.0.find_one(doc! { "_id": id })).await.map_err(of_mongo)?;
        Ok(found.is_some())
    }

    /// Gives up all files that have been incoming for `age`, and gives all that are going, but for those that chunks
    /// may still come to.
    pub(crate) async fn left_behind(&self, age: Duration) -> Result<Vec<File>, BlobError> {
        let old = doc! { "metadata.state": "incoming", "$expr": older("$uploadDate", age)? };
        bounded(self.0.update_many(old, going())).await.map_err(of_mongo)?;
        let settled = [
            doc! { "metadata.going_at": { "$exists": false } },
            doc! { "$expr": older("$metadata.going_at", LATE)? },
        ];
        let going = doc! { "metadata.state": "going", "$or": settled.as_slice() };
        let found = bounded(self.0.find(going)).await.map_err(of_mongo)?;
        all(found).await.map_err(of_mongo)
    }

    /// Forgets a file that is going, once its chunks are gone.
    pub(crate) async fn forget(&self, id: ObjectId) -> Result<(), BlobError> {
        let gone = doc! { "_id": id, "metadata.state": "going" };
        bounded(self.0.delete_one(gone)).await.map(|_| ()).map_err(of_mongo)
    }

    /// All blobs.
    pub(crate) async fn list(&self) -> Result<Vec<Listed>, BlobError> {
        let shown = doc! { "_id": 0, "filename": 1, "length": 1, "age": age("$metadata.kept_at") };
        let stages = [doc! { "$match": { "metadata.state": "stored" } }, doc! { "$project": shown }];
        let listed = bounded(self.0.aggregate(stages).with_type::<Listed>()).await.map_err(of_mongo)?;
        all(listed).await.map_err(of_mongo)
    }
}

fn stored(blob: Digest) -> Document {
    doc! { "filename": blob.to_string(), "metadata.state": "stored" }
}

fn going() -> Document {
    doc! { "$set": { "metadata.state": "going" } }
}

/// Milliseconds since the time in `field`, by the clock of the server.
fn age(field: &str) -> Document {
    doc! { "$dateDiff": { "startDate": field, "endDate": "$$NOW", "unit": "millisecond" } }
}

/// True of a document whose time in `field` is `least` ago or more.
fn older(field: &str, least: Duration) -> Result<Document, BlobError> {
    let milliseconds = int(u64::try_from(least.as_millis()).unwrap_or(u64::MAX))?;
    Ok(doc! { "$gte": [age(field), milliseconds] })
}
