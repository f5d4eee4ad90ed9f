//! What the runs and uploads of accounts keep: blobs, equal ones once, and records. Counted in the transaction of
//! what comes and goes. The records of a run that has not ended are in its own document (`record_bytes`), so that
//! those who work on runs of one account are not in each other's way; nor are they at the sums, which lie in parts.

use std::collections::BTreeMap;

use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;
use simulay_model::{AccountName, Digest, RunId};
use simulay_store::StoreError;

use crate::admission::whole;
use crate::failure::MongoResult;
use crate::parts::some_part;
use crate::schema::{KEPT, STORED, TOKENS};
use crate::store::MongoStore;

/// Updates of one command; MongoDB takes 100,000 and 48 MB at most.
const UPDATES: usize = 10_000;

/// A blob that something of an account shows.
#[derive(Debug, Deserialize)]
struct Kept {
    size: i64,
}

impl MongoStore {
    /// Artifacts of runs of `owner` come, with their sizes; equal ones come as often as they are there.
    pub(crate) async fn blobs_come(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        blobs: &[(Digest, u64)],
    ) -> MongoResult<()> {
        self.keep(session, owner, blobs).await.map(drop)
    }

    /// As [`Self::blobs_come`], of artifacts or uploads; gives the bytes of those that the account did not keep before.
    pub(crate) async fn keep(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        blobs: &[(Digest, u64)],
    ) -> MongoResult<u64> {
        let (blobs, mut new) = (counted(blobs).into_iter().collect::<Vec<_>>(), 0);
        for some in blobs.chunks(UPDATES) {
            let updates: Vec<_> =
                some.iter().map(|(blob, (size, times))| come(owner, *blob, *size, *times)).collect();
            let command = doc! { "update": KEPT, "updates": updates };
            let answer = self.database.run_command(command).session(&mut *session).await?;
            let sizes = new_ones(&answer)?.into_iter().filter_map(|index| some.get(index));
            new += sizes.map(|(_, (size, _))| size).sum::<i64>();
        }
        self.add_stored(session, owner, "blob_bytes", new).await?;
        Ok(new.unsigned_abs())
    }

    /// Artifacts or uploads of `owner` go, no more than one command takes.
    pub(crate) async fn blobs_go(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        blobs: &[(Digest, u64)],
    ) -> MongoResult<()> {
        let blobs = counted(blobs);
        if blobs.is_empty() {
            return Ok(());
        }
        let updates: Vec<_> = blobs.iter().map(|(blob, (_, times))| go(owner, *blob, *times)).collect();
        let command = doc! { "update": KEPT, "updates": updates };
        new_ones(&self.database.run_command(command).session(&mut *session).await?)?;
        let keys: Vec<_> = blobs.keys().map(|blob| key(owner, *blob)).collect();
        let gone = self.forget_kept(session, keys).await?;
        self.add_stored(session, owner, "blob_bytes", -gone).await
    }

    /// The records of ended runs of `owner` are `bytes` more, or fewer.
    pub(crate) async fn records_change(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        bytes: i64,
    ) -> MongoResult<()> {
        self.add_stored(session, owner, "record_bytes", bytes).await
    }

    /// Forgets the links to a run that is deleted. Whoever adds one at the same time writes to the document of the run.
    pub(crate) async fn forget_links(&self, session: &mut ClientSession, run: RunId) -> MongoResult<()> {
        self.documents(TOKENS).delete_many(doc! { "run": run.to_string() }).session(session).await?;
        Ok(())
    }

    /// Bytes that an account keeps, but for the records of runs that have not ended.
    pub(crate) async fn stored_bytes(
        &self,
        session: &mut ClientSession,
        account: &AccountName,
    ) -> MongoResult<i64> {
        let sum = doc! { "$sum": { "$add": ["$blob_bytes", "$record_bytes"] } };
        let sums = [
            doc! { "$match": { "_id.account": account.as_str() } },
            doc! { "$group": { "_id": Bson::Null, "bytes": sum } },
        ];
        let mut sums = self.documents(STORED).aggregate(sums).session(&mut *session).await?;
        let sum = sums.next(session).await.transpose()?;
        Ok(sum.map_or(Ok(0), |sum| whole(&sum, "bytes"))?)
    }

    /// Forgets those of the blobs that nothing shows any more; gives their bytes.
    async fn forget_kept(&self, session: &mut ClientSession, keys: Vec<Document>) -> MongoResult<i64> {
        let unshown = doc! { "_id": { "$in": keys }, "times": { "$lte": 0 } };
        let mut found = self.collection::<Kept>(KEPT).find(unshown.clone()).session(&mut *session).await?;
        let mut bytes = 0;
        while let Some(kept) = found.next(session).await.transpose()? {
            bytes += kept.size;
        }
        self.documents(KEPT).delete_many(unshown).session(session).await?;
        Ok(bytes)
    }

    async fn add_stored(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        field: &str,
        bytes: i64,
    ) -> MongoResult<()> {
        if bytes == 0 {
            return Ok(());
        }
        let which = doc! { "_id": { "account": owner.as_str(), "part": some_part() } };
        // Both are there, so that sums are of numbers.
        let add = doc! { "$inc": { "blob_bytes": 0_i64, "record_bytes": 0_i64, field: bytes } };
        self.documents(STORED).update_one(which, add).upsert(true).session(session).await?;
        Ok(())
    }
}

fn key(owner: &AccountName, blob: Digest) -> Document {
    doc! { "owner": owner.as_str(), "sha256": blob.to_string() }
}

/// Each blob once: its size, and how often it comes.
fn counted(blobs: &[(Digest, u64)]) -> BTreeMap<Digest, (i64, i64)> {
    let mut counted = BTreeMap::new();
    for (blob, size) in blobs {
        let entry = counted.entry(*blob).or_insert((i64::try_from(*size).unwrap_or(i64::MAX), 0));
        entry.1 += 1;
    }
    counted
}

fn come(owner: &AccountName, blob: Digest, size: i64, times: i64) -> Document {
    let update = doc! { "$inc": { "times": times }, "$setOnInsert": { "size": size } };
    doc! { "q": { "_id": key(owner, blob) }, "u": update, "upsert": true }
}

fn go(owner: &AccountName, blob: Digest, times: i64) -> Document {
    doc! { "q": { "_id": key(owner, blob) }, "u": { "$inc": { "times": -times } } }
}

/// Which updates of a command made documents. The driver does not look for errors in the answer to a command.
fn new_ones(answer: &Document) -> MongoResult<Vec<usize>> {
    if let Ok(errors) = answer.get_array("writeErrors") {
        return Err(StoreError::Failed(format!("MongoDB refused updates: {errors:?}").into()).into());
    }
    let upserted = answer.get_array("upserted").map(Vec::as_slice).unwrap_or_default();
    let indexes = upserted.iter().filter_map(|one| one.as_document()?.get("index").and_then(place));
    Ok(indexes.collect())
}

fn place(number: &Bson) -> Option<usize> {
    let number = number.as_i64().or_else(|| number.as_i32().map(i64::from))?;
    usize::try_from(number).ok()
}
