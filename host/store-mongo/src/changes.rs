//! What changed, by the moment at which the server stored it.
//!
//! Several hosts write at once, and no number is drawn for a change: whoever draws one waits for all others. The last write
//! of a transaction sets `changed`, in milliseconds of the server's clock and above what the document had before, so that
//! each change of a document has a place of its own. It is seen when the transaction is committed, which may be after one
//! that began later. Whoever follows therefore reads what lies a little before his place again each time, and now and
//! then all that may still come: the server undoes a transaction that is older than a minute
//! (`transactionLifetimeLimitSeconds`), so that nothing comes later than that, but for the time since
//! the last look so far back, and for clocks of servers that differ when one takes over from the other: both are added.
//! Nothing is missed, and what is read twice is told by its place.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use mongodb::ClientSession;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use simulay_model::{OwnerFilter, PluginSummary, RunSummary};
use simulay_store::{Changed, Changes, Ends, Overlap, Place, StoreError};
use uuid::Uuid;

use crate::failure::MongoResult;
use crate::fields::{number, text};
use crate::runs::sound;
use crate::schema::{FACTS, PLUGINS, RUNS};
use crate::store::MongoStore;
use crate::{filter, rows, versions};

/// In milliseconds: what usually comes late; and a minute, the 20 seconds between two looks so far back, and as many for
/// clocks.
const OVERLAP: Overlap = Overlap { usual: 2_000, most: 100_000 };
/// The fact that tells of which order the places are.
const EPOCH: &str = "changes";

#[async_trait]
impl Changes for MongoStore {
    async fn ends(&self) -> Result<Ends, StoreError> {
        self.bounded(async {
            let facts = self.documents(FACTS);
            let fresh = doc! { "epoch": Uuid::new_v4().simple().to_string() };
            let this = doc! { "_id": EPOCH };
            facts.update_one(this.clone(), doc! { "$setOnInsert": fresh }).upsert(true).await?;
            // Written, so that it is the clock of whichever server takes writes.
            let now = vec![doc! { "$set": { "now_ms": server_time() } }];
            facts.update_one(this.clone(), now).await?;
            let told = facts.find_one(this).await?.ok_or(StoreError::NotFound)?;
            let now = number(&told, "now_ms")?;
            Ok(Ends { epoch: text(&told, "epoch")?.to_owned(), runs: now, plugins: now })
        })
        .await
    }

    async fn changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<RunSummary>>, StoreError> {
        self.bounded(async {
            let mut fields = rows::summary_fields();
            fields.insert("changed", 1);
            let which = [filter::runs(owner), past(after)];
            let found = self.changed(RUNS, which, fields, limit).await?;
            let changed = |run: &Document| Ok(Changed { place: place(run)?, now: rows::summary(run)? });
            Ok(found.iter().filter_map(|run| sound(run, changed)).collect())
        })
        .await
    }

    async fn count_changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        most: usize,
    ) -> Result<usize, StoreError> {
        self.bounded(async {
            let most = u64::try_from(most).unwrap_or(u64::MAX).clamp(1, 1 << 40);
            let which = doc! { "$and": [filter::runs(owner), past(after)] };
            let count = self.documents(RUNS).count_documents(which).limit(most).await?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        })
        .await
        .map(|count| count.min(most))
    }

    async fn changed_plugins(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<PluginSummary>>, StoreError> {
        self.bounded(async {
            let which = [filter::plugins(owner), past(after)];
            let found = self.changed(PLUGINS, which, versions::summary_fields(), limit).await?;
            found
                .iter()
                .map(|version| Ok(Changed { place: place(version)?, now: versions::summary(version)? }))
                .collect()
        })
        .await
    }

    fn overlap(&self) -> Overlap {
        OVERLAP
    }
}

impl MongoStore {
    async fn changed(
        &self,
        collection: &str,
        which: [Document; 2],
        fields: Document,
        limit: u32,
    ) -> MongoResult<Vec<Document>> {
        let documents = self.documents(collection);
        let found = documents.find(doc! { "$and": which.to_vec() }).projection(fields);
        let found = found.sort(doc! { "changed": 1, "_id": 1 }).limit(i64::from(limit));
        Ok(found.await?.try_collect().await?)
    }

    /// Gives what `which` finds a place of its own in the order of changes: the last write of a transaction.
    pub(crate) async fn touch(
        &self,
        session: &mut ClientSession,
        collection: &str,
        which: Document,
    ) -> MongoResult<()> {
        let above = doc! { "$add": [{ "$ifNull": ["$changed", 0_i64] }, 1_i64] };
        let touched = doc! { "$set": { "changed": { "$max": [server_time(), above] } } };
        self.documents(collection).update_many(which, vec![touched]).session(session).await?;
        Ok(())
    }
}

fn server_time() -> Document {
    doc! { "$toLong": "$$NOW" }
}

/// What comes after a place.
fn past(Place { at, id }: &Place) -> Document {
    let later = doc! { "changed": { "$gt": *at } };
    if id.is_empty() {
        return doc! { "changed": { "$gte": *at } };
    }
    let id = ObjectId::parse_str(id).map_or_else(|_| Bson::from(id.as_str()), Bson::from);
    doc! { "changed": { "$gte": *at }, "$or": [later, { "_id": { "$gt": id } }] }
}

fn place(document: &Document) -> MongoResult<Place> {
    let id = match document.get("_id") {
        Some(Bson::ObjectId(id)) => id.to_hex(),
        _ => text(document, "_id")?.to_owned(),
    };
    Ok(Place { at: number(document, "changed")?, id })
}
