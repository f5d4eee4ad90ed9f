//! Passwords, and identities elsewhere.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{Account, AccountName, Identity, TokenKind};

use super::MemoryStore;
use crate::{Credentials, StoreError};

#[async_trait]
impl Credentials for MemoryStore {
    async fn set_password(
        &self,
        account: &AccountName,
        hash: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.accounts.contains_key(account) {
            return Err(StoreError::NotFound);
        }
        state.passwords.insert(account.clone(), hash);
        for token in state.tokens.values_mut() {
            if token.account == *account && token.kind == TokenKind::Session {
                token.revoked_at = token.revoked_at.or(Some(at));
            }
        }
        Ok(())
    }

    async fn password(&self, account: &AccountName) -> Result<Option<String>, StoreError> {
        Ok(self.state().passwords.get(account).cloned())
    }

    async fn linked(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        let state = self.state();
        let account = state.identities.get(identity);
        Ok(account.and_then(|account| state.accounts.get(account).cloned()))
    }

    async fn link(&self, account: &AccountName, identity: &Identity) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.accounts.contains_key(account) {
            return Err(StoreError::NotFound);
        }
        state.identities.insert(identity.clone(), account.clone());
        Ok(())
    }

    async fn add_linked(&self, account: Account, identity: &Identity) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.accounts.contains_key(&account.name) || state.identities.contains_key(identity) {
            return Err(StoreError::NameTaken);
        }
        state.identities.insert(identity.clone(), account.name.clone());
        state.accounts.insert(account.name.clone(), account);
        Ok(())
    }
}
