//! Passwords, and identities elsewhere.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{Account, AccountName, Identity, Token, TokenId, TokenKind};

use super::{MemoryStore, State};
use crate::{Credentials, MAX_SESSIONS, StoreError};

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

    async fn open_session(&self, session: Token, password: Option<String>) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.still_holds(&session, password.as_ref()) {
            return Err(StoreError::NotFound);
        }
        state.make_room_for(&session);
        state.tokens.insert(session.id, session);
        Ok(())
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

impl State {
    /// Looks whether what a session came of still holds.
    fn still_holds(&self, session: &Token, password: Option<&String>) -> bool {
        let account = self.accounts.get(&session.account);
        account.is_some_and(|account| account.revoked_at.is_none())
            && password.is_none_or(|password| self.passwords.get(&session.account) == Some(password))
            && session.parent.is_none_or(|parent| {
                self.tokens.get(&parent).is_some_and(|parent| parent.revoked_at.is_none())
            })
    }

    /// Lets go of sessions of the account that are over, and of the oldest above the bound.
    fn make_room_for(&mut self, session: &Token) {
        let own = |token: &Token| token.kind == TokenKind::Session && token.account == session.account;
        self.tokens.retain(|_, token| !own(token) || token.is_valid(session.created_at));
        let all: Vec<TokenId> =
            self.tokens.values().filter(|token| own(token)).map(|token| token.id).collect();
        for id in all.iter().rev().skip(usize::from(MAX_SESSIONS) - 1) {
            self.tokens.remove(id);
        }
    }
}
