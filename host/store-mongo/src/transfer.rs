//! All that is stored, given out to another store or taken in from one.

mod export;
mod import;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use mongodb::bson::doc;
use simulay_store::StoreError;
use simulay_store::transfer::{Export, Import, Record};

use crate::failure::MongoResult;
use crate::fields::{damaged, text};
use crate::schema::{
    ACCOUNTS, AUDIT, DELETIONS, FACTS, JOURNAL, PLUGINS, REQUESTS, RUNS, SWEEPS, UPLOADS, USAGE,
};
use crate::store::MongoStore;

/// The fact that tells what is being taken in.
const TRANSFER: &str = "transfer";

/// Where things lie that somebody stored.
const ALL: [&str; 10] =
    [ACCOUNTS, AUDIT, DELETIONS, JOURNAL, PLUGINS, REQUESTS, RUNS, SWEEPS, UPLOADS, USAGE];

#[async_trait]
impl Export for MongoStore {
    fn records(&self) -> BoxStream<'_, Result<Record, StoreError>> {
        stream::iter(export::kinds(self)).flatten().boxed()
    }

    async fn worked_on_by(&self) -> Result<Option<String>, StoreError> {
        self.bounded(async {
            match self.lease_holder().await? {
                None => self.host_at_work().await,
                holder => Ok(holder),
            }
        })
        .await
    }
}

#[async_trait]
impl Import for MongoStore {
    async fn begin(&self, source: &str) -> Result<(), StoreError> {
        self.bounded(async {
            match self.unfinished().await? {
                Some(begun) if begun == source => Ok(()),
                Some(begun) => Err(StoreError::begun_with(&begun).into()),
                None if self.is_empty().await? => {
                    let begun = doc! { "_id": TRANSFER, "source": source };
                    self.documents(FACTS).insert_one(begun).await?;
                    Ok(())
                }
                None => Err(StoreError::not_empty().into()),
            }
        })
        .await
    }

    async fn put(&self, records: Vec<Record>) -> Result<(), StoreError> {
        for record in records {
            self.put_one(record).await?;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<(), StoreError> {
        self.bounded(async {
            self.documents(FACTS).delete_one(doc! { "_id": TRANSFER }).await?;
            Ok(())
        })
        .await
    }
}

impl MongoStore {
    async fn lease_holder(&self) -> MongoResult<Option<String>> {
        let at_work = doc! { "$gt": ["$lease.until_ms", self.moment.expression()] };
        let held = doc! { "unfinished": true, "$expr": at_work };
        let found = self.documents(RUNS).find_one(held).projection(doc! { "lease": 1 }).await?;
        let Some(run) = found else { return Ok(None) };
        let lease = run.get_document("lease").map_err(|error| damaged("lease", error))?;
        Ok(Some(text(lease, "holder")?.to_owned()))
    }

    /// Refuses to open what is not whole yet.
    pub(crate) async fn refuse_unfinished(&self) -> MongoResult<()> {
        match self.unfinished().await? {
            None => Ok(()),
            Some(source) => Err(StoreError::unfinished(&source).into()),
        }
    }

    async fn unfinished(&self) -> MongoResult<Option<String>> {
        let found = self.documents(FACTS).find_one(doc! { "_id": TRANSFER }).await?;
        found.map(|fact| text(&fact, "source").map(str::to_owned)).transpose()
    }

    /// True when nobody stored anything.
    async fn is_empty(&self) -> MongoResult<bool> {
        for collection in ALL {
            if self.documents(collection).find_one(doc! {}).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
