//! What accounts use, and how their quotas differ.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use serde::{Deserialize, Serialize};
use simulay_model::{
    AccountName, DailyUsage, Month, OwnerFilter, PresentUse, Quota, QuotaOverrides, QuotaSetting,
};
use simulay_store::{Metering, StoreError};

use crate::people::{StoredAccount, parsed};
use crate::schema::{ACCOUNTS, QUOTAS};
use crate::store::MongoStore;

/// How the quotas of one account differ from those of all.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoredQuotas {
    #[serde(rename = "_id")]
    account: String,
    /// Decimal: BSON has no unsigned 64-bit numbers. No bound where there is none.
    #[serde(default)]
    bounds: BTreeMap<String, Option<String>>,
}

#[async_trait]
impl Metering for MongoStore {
    async fn overrides(&self) -> Result<BTreeMap<AccountName, QuotaOverrides>, StoreError> {
        let quotas = self.collection::<StoredQuotas>(QUOTAS);
        self.bounded(async {
            let all: Vec<_> = quotas.find(doc! {}).await?.try_collect().await?;
            let some = all.into_iter().filter(|stored| !stored.bounds.is_empty());
            Ok(some.map(StoredQuotas::restore).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn set_quotas(
        &self,
        account: &AccountName,
        changes: Vec<(Quota, QuotaSetting)>,
    ) -> Result<(), StoreError> {
        self.bounded(async {
            let which = doc! { "_id": account.as_str() };
            if self.collection::<StoredAccount>(ACCOUNTS).find_one(which.clone()).await?.is_none() {
                return Err(StoreError::NotFound.into());
            }
            let update = changed(&changes);
            if !update.is_empty() {
                self.documents(QUOTAS).update_one(which, update).upsert(true).await?;
            }
            Ok(())
        })
        .await
    }

    async fn present_use(&self, account: &AccountName, at: Timestamp) -> Result<PresentUse, StoreError> {
        self.transaction((self, account, at), |session, (store, account, at)| {
            store.used(session, account, *at).boxed()
        })
        .await
    }

    async fn usage(&self, owner: &OwnerFilter, month: Month) -> Result<Vec<DailyUsage>, StoreError> {
        let (first, last) = (month.first().to_string(), month.last().to_string());
        let mut which = doc! { "_id.day": { "$gte": first, "$lte": last } };
        if let Some(account) = owner.account() {
            which.insert("_id.account", account.as_str());
        }
        self.daily_usage(which).await
    }
}

impl StoredQuotas {
    pub(crate) fn of(account: &AccountName, quotas: &QuotaOverrides) -> Self {
        let bounds =
            quotas.iter().map(|(quota, bound)| (quota.to_string(), bound.map(|bound| bound.to_string())));
        Self { account: account.to_string(), bounds: bounds.collect() }
    }

    pub(crate) fn restore(self) -> Result<(AccountName, QuotaOverrides), StoreError> {
        let bound = |bound: Option<String>| bound.map(|text| parsed("bounds", &text)).transpose();
        let bounds =
            self.bounds.into_iter().map(|(quota, text)| Ok((parsed("bounds", &quota)?, bound(text)?)));
        Ok((parsed("_id", &self.account)?, bounds.collect::<Result<_, StoreError>>()?))
    }
}

/// What changes of a document of [`StoredQuotas`], all at once. The last word on a quota counts.
fn changed(changes: &[(Quota, QuotaSetting)]) -> Document {
    let last: BTreeMap<_, _> = changes.iter().map(|(quota, setting)| (*quota, *setting)).collect();
    let (mut set, mut unset) = (Document::new(), Document::new());
    for (quota, setting) in last {
        let field = format!("bounds.{quota}");
        match setting {
            QuotaSetting::Default => unset.insert(field, ""),
            QuotaSetting::Unlimited => set.insert(field, Bson::Null),
            QuotaSetting::AtMost(bound) => set.insert(field, bound.to_string()),
        };
    }
    // MongoDB refuses an operator that changes nothing.
    [("$set", set), ("$unset", unset)].into_iter().filter(|(_, fields)| !fields.is_empty()).map(own).collect()
}

fn own((operator, fields): (&str, Document)) -> (String, Bson) {
    (operator.to_owned(), fields.into())
}
