//! Accounts and tokens.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{Account, AccountName, Digest, Role, Token, TokenId};

use super::{MemoryStore, State};
use crate::{Accounts, StoreError};

#[async_trait]
impl Accounts for MemoryStore {
    async fn add_account(&self, account: Account) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.accounts.contains_key(&account.name) {
            return Err(StoreError::NameTaken);
        }
        state.accounts.insert(account.name.clone(), account);
        Ok(())
    }

    async fn set_role(&self, account: &AccountName, role: Role) -> Result<(), StoreError> {
        let mut state = self.state();
        let known = state.accounts.get_mut(account).ok_or(StoreError::NotFound)?;
        known.role = role;
        Ok(())
    }

    async fn set_revoked(&self, account: &AccountName, at: Option<Timestamp>) -> Result<(), StoreError> {
        let mut state = self.state();
        state.accounts.get_mut(account).ok_or(StoreError::NotFound)?.revoked_at = at;
        Ok(())
    }

    async fn account(&self, name: &AccountName) -> Result<Option<Account>, StoreError> {
        Ok(self.state().accounts.get(name).cloned())
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(self.state().accounts.values().cloned().collect())
    }

    async fn add_token(&self, token: Token) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.accounts.contains_key(&token.account) {
            return Err(StoreError::NotFound);
        }
        state.tokens.insert(token.id, token);
        Ok(())
    }

    async fn token(&self, sha256: Digest) -> Result<Option<(Token, Account)>, StoreError> {
        let state = self.state();
        let token = state.tokens.values().find(|token| token.sha256 == sha256);
        Ok(token.and_then(|token| Some((token.clone(), state.accounts.get(&token.account)?.clone()))))
    }

    async fn tokens(&self, account: Option<&AccountName>) -> Result<Vec<Token>, StoreError> {
        let state = self.state();
        let asked = |token: &&Token| account.is_none_or(|account| *account == token.account);
        Ok(state.tokens.values().filter(asked).cloned().collect())
    }

    async fn revoke(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        state.known_token(token)?;
        let with_it = |known: &&mut Token| known.id == token || known.parent == Some(token);
        for known in state.tokens.values_mut().filter(with_it) {
            known.revoked_at = known.revoked_at.or(Some(at));
        }
        Ok(())
    }

    async fn used(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.state().known_token(token)?.last_used_at = Some(at);
        Ok(())
    }
}

impl State {
    fn known_token(&mut self, token: TokenId) -> Result<&mut Token, StoreError> {
        self.tokens.get_mut(&token).ok_or(StoreError::NotFound)
    }
}
