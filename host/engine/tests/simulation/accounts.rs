//! Accounts, and what they use, as a machine reaches them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{
    Account, AccountName, DailyUsage, Digest, Month, OwnerFilter, PresentUse, Quota, QuotaOverrides,
    QuotaSetting, Role, Token, TokenId,
};
use simulay_store::{Accounts, Metering, StoreError};

use crate::database::Database;

#[async_trait]
impl Accounts for Database {
    async fn add_account(&self, account: Account) -> Result<(), StoreError> {
        self.write(self.store.records.add_account(account)).await
    }

    async fn set_role(&self, account: &AccountName, role: Role) -> Result<(), StoreError> {
        self.write(self.store.records.set_role(account, role)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(self.store.records.accounts()).await
    }

    async fn add_token(&self, token: Token) -> Result<(), StoreError> {
        self.write(self.store.records.add_token(token)).await
    }

    async fn token(&self, sha256: Digest) -> Result<Option<(Token, Account)>, StoreError> {
        self.read(self.store.records.token(sha256)).await
    }

    async fn tokens(&self, account: Option<&AccountName>) -> Result<Vec<Token>, StoreError> {
        self.read(self.store.records.tokens(account)).await
    }

    async fn revoke(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.write(self.store.records.revoke(token, at)).await
    }

    async fn used(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.write(self.store.records.used(token, at)).await
    }
}

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
