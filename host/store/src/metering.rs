//! What accounts use, and how their quotas differ. What is used is counted in the transaction of what causes
//! it: by [`crate::Runs::create_within`] and [`crate::Runs::commit`], [`crate::Uploads::record`] and
//! [`crate::Plugins::add_within`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{
    AccountName, DailyUsage, Month, OwnerFilter, PresentUse, Quota, QuotaOverrides, QuotaSetting,
};

use crate::StoreError;

/// What accounts use, and how their quotas differ.
#[async_trait]
pub trait Metering: Send + Sync {
    /// What differs from the quotas of all, of each account of which something does.
    async fn overrides(&self) -> Result<BTreeMap<AccountName, QuotaOverrides>, StoreError>;

    /// Changes what differs for an account, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such account.
    async fn set_quotas(
        &self,
        account: &AccountName,
        changes: Vec<(Quota, QuotaSetting)>,
    ) -> Result<(), StoreError>;

    /// What an account uses, as far as it is stored, with the usage of the day of `at`. What is at work only
    /// whoever works on it knows.
    async fn present_use(&self, account: &AccountName, at: Timestamp) -> Result<PresentUse, StoreError>;

    /// What was used in a month, by account and day; days on which nothing was are left out.
    async fn usage(&self, owner: &OwnerFilter, month: Month) -> Result<Vec<DailyUsage>, StoreError>;
}
