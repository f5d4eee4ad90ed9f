//! What is held against quotas, in the transaction that it bounds. That writes to a document of its account: those who
//! ask for one account at the same time, by whichever host, wait for each other and for nobody else. Nobody waits
//! where nothing is bounded.

use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use simulay_model::{AccountName, Plugin, PresentUse, Quotas, Run, day_of};
use simulay_store::StoreError;

use crate::failure::MongoResult;
use crate::schema::{ADMISSIONS, PLUGINS, RUNS};
use crate::store::MongoStore;

impl MongoStore {
    /// Holds a run that is to be created in this transaction against the quotas of its owner.
    pub(crate) async fn admit_run(
        &self,
        session: &mut ClientSession,
        quotas: &Quotas,
        run: &Run,
    ) -> MongoResult<()> {
        if quotas.is_empty() {
            return Ok(());
        }
        let used = self.admitting(session, &run.owner, run.created_at).await?;
        Ok(quotas.admit_runs(&used, 1, run.created_at).map_err(StoreError::from)?)
    }

    /// Holds a version that is to be added in this transaction against the quotas of its owner.
    pub(crate) async fn admit_plugin(
        &self,
        session: &mut ClientSession,
        quotas: &Quotas,
        plugin: &Plugin,
        now: Timestamp,
    ) -> MongoResult<()> {
        if quotas.is_empty() {
            return Ok(());
        }
        let used = self.admitting(session, &plugin.owner, now).await?;
        Ok(quotas.admit_plugin(&used, plugin.size, now).map_err(StoreError::from)?)
    }

    /// What an account uses, for a transaction that adds to it: no other that does sees less than this one.
    pub(crate) async fn admitting(
        &self,
        session: &mut ClientSession,
        account: &AccountName,
        at: Timestamp,
    ) -> MongoResult<PresentUse> {
        let which = doc! { "_id": account.as_str() };
        let (admissions, admit) = (self.documents(ADMISSIONS), doc! { "$inc": { "times": 1_i64 } });
        admissions.update_one(which, admit).upsert(true).session(&mut *session).await?;
        self.used(session, account, at).await
    }

    /// What an account uses, with the usage of the day of `at`.
    pub(crate) async fn used(
        &self,
        session: &mut ClientSession,
        account: &AccountName,
        at: Timestamp,
    ) -> MongoResult<PresentUse> {
        let own = doc! { "owner": account.as_str() };
        let unfinished = doc! { "owner": account.as_str(), "unfinished": { "$exists": true } };
        let (unfinished_runs, record_bytes) = self.sums(session, RUNS, unfinished, "$record_bytes").await?;
        let (plugin_versions, plugin_bytes) = self.sums(session, PLUGINS, own, "$size").await?;
        let stored = record_bytes.saturating_add(self.stored_bytes(session, account).await?);
        Ok(PresentUse {
            unfinished_runs: unfinished_runs.unsigned_abs(),
            today: self.used_on(session, account, day_of(at)).await?,
            stored_bytes: u64::try_from(stored).unwrap_or_default(),
            plugin_versions: plugin_versions.unsigned_abs(),
            plugin_bytes: plugin_bytes.unsigned_abs(),
            ..PresentUse::default()
        })
    }

    /// How many documents there are, and the sum of what is said.
    async fn sums(
        &self,
        session: &mut ClientSession,
        collection: &str,
        which: Document,
        what: &str,
    ) -> MongoResult<(i64, i64)> {
        let sums = doc! { "_id": Bson::Null, "count": { "$sum": 1_i64 }, "sum": { "$sum": what } };
        let sums = [doc! { "$match": which }, doc! { "$group": sums }];
        let mut found = self.documents(collection).aggregate(sums).session(&mut *session).await?;
        let Some(found) = found.next(session).await.transpose()? else { return Ok((0, 0)) };
        Ok((whole(&found, "count")?, whole(&found, "sum")?))
    }
}

/// A sum, which the server gives as narrow a type as it fits in.
pub(crate) fn whole(document: &Document, field: &str) -> Result<i64, StoreError> {
    let number = document.get(field).and_then(|number| number.as_i64().or(number.as_i32().map(i64::from)));
    number.ok_or_else(|| StoreError::Corrupt(format!("field `{field}` is no whole number").into()))
}
