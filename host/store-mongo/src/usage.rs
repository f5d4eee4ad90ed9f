//! What was used, by account and day. Counted in the transaction of what causes it, in parts.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use jiff::civil::Date;
use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};
use simulay_model::{AccountName, DailyUsage, Usage, day_of};
use simulay_store::StoreError;

use crate::failure::MongoResult;
use crate::fields::signed;
use crate::parts::some_part;
use crate::people::parsed;
use crate::schema::USAGE;
use crate::store::MongoStore;

/// A part of what an account used on a day.
#[derive(Debug, Serialize, Deserialize)]
struct StoredUsage {
    #[serde(rename = "_id")]
    key: Key,
    runs: i64,
    containers: i64,
    container_ms: i64,
    cpu_ms: i64,
    bytes_in: i64,
    bytes_kept: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Key {
    account: String,
    day: String,
    part: i32,
}

impl MongoStore {
    /// Counts what an account used at a moment.
    pub(crate) async fn count(
        &self,
        session: &mut ClientSession,
        account: &AccountName,
        at: Timestamp,
        usage: Usage,
    ) -> MongoResult<()> {
        if usage.is_nothing() {
            return Ok(());
        }
        let which = doc! { "_id": key(account, day_of(at), some_part()) };
        let add = doc! { "$inc": added(usage)? };
        self.documents(USAGE).update_one(which, add).upsert(true).session(session).await?;
        Ok(())
    }

    /// What an account used on a day, as the transaction sees it.
    pub(crate) async fn used_on(
        &self,
        session: &mut ClientSession,
        account: &AccountName,
        day: Date,
    ) -> MongoResult<Usage> {
        let which = doc! { "_id.account": account.as_str(), "_id.day": day.to_string() };
        let mut parts = self.collection::<StoredUsage>(USAGE).find(which).session(&mut *session).await?;
        let mut sum = Usage::default();
        while let Some(part) = parts.next(session).await.transpose()? {
            sum += part.usage()?;
        }
        Ok(sum)
    }

    /// What was used, by account and day.
    pub(crate) async fn daily_usage(&self, which: Document) -> Result<Vec<DailyUsage>, StoreError> {
        let parts = self.collection::<StoredUsage>(USAGE);
        self.bounded(async {
            let mut parts = parts.find(which).await?;
            let mut days = BTreeMap::<(AccountName, Date), Usage>::new();
            while let Some(part) = parts.try_next().await? {
                let key = (parsed("account", &part.key.account)?, parsed("day", &part.key.day)?);
                *days.entry(key).or_default() += part.usage()?;
            }
            let told = |((account, day), usage)| DailyUsage { account, day, usage };
            Ok(days.into_iter().map(told).collect())
        })
        .await
    }
}

impl StoredUsage {
    fn usage(&self) -> Result<Usage, StoreError> {
        let count = |number: i64| u64::try_from(number).map_err(|error| StoreError::Corrupt(error.into()));
        Ok(Usage {
            runs: count(self.runs)?,
            containers: count(self.containers)?,
            container_ms: count(self.container_ms)?,
            cpu_ms: count(self.cpu_ms)?,
            bytes_in: count(self.bytes_in)?,
            bytes_kept: count(self.bytes_kept)?,
        })
    }
}

/// All that an account used on a day, in one part.
pub(crate) fn document(used: &DailyUsage) -> MongoResult<Document> {
    let mut document = doc! { "_id": key(&used.account, used.day, 0) };
    document.extend(added(used.usage)?);
    Ok(document)
}

fn key(account: &AccountName, day: Date, part: i32) -> Document {
    doc! { "account": account.as_str(), "day": day.to_string(), "part": part }
}

/// What is added to the fields of [`StoredUsage`].
fn added(usage: Usage) -> MongoResult<Document> {
    let Usage { runs, containers, container_ms, cpu_ms, bytes_in, bytes_kept } = usage;
    Ok(doc! {
        "runs": signed(runs)?,
        "containers": signed(containers)?,
        "container_ms": signed(container_ms)?,
        "cpu_ms": signed(cpu_ms)?,
        "bytes_in": signed(bytes_in)?,
        "bytes_kept": signed(bytes_kept)?,
    })
}
