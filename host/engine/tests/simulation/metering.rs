//! What accounts use, as a machine reaches it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{
    AccountName, DailyUsage, Month, OwnerFilter, PresentUse, Quota, QuotaOverrides, QuotaSetting,
};
use simulay_store::{Metering, StoreError};

use crate::database::Database;

#[async_trait]
impl Metering for Database {
    async fn overrides(&self) -> Result<BTreeMap<AccountName, QuotaOverrides>, StoreError> {
        self.read(self.store.records.overrides()).await
    }

    async fn set_quotas(
        &self,
        account: &AccountName,
        changes: Vec<(Quota, QuotaSetting)>,
    ) -> Result<(), StoreError> {
        self.write(self.store.records.set_quotas(account, changes)).await
    }

    async fn present_use(&self, account: &AccountName, at: Timestamp) -> Result<PresentUse, StoreError> {
        self.read(self.store.records.present_use(account, at)).await
    }

    async fn usage(&self, owner: &OwnerFilter, month: Month) -> Result<Vec<DailyUsage>, StoreError> {
        self.read(self.store.records.usage(owner, month)).await
    }
}
