//! Links to runs.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{OwnerFilter, RunId, Token, TokenId};

use super::{MemoryStore, State};
use crate::{LinkAdded, Links, StoreError};

#[async_trait]
impl Links for MemoryStore {
    async fn add_link(&self, link: Token, most: usize) -> Result<LinkAdded, StoreError> {
        let mut state = self.state();
        let run = link.scope.run().ok_or(StoreError::NotFound)?;
        state.run(&OwnerFilter::Only(link.account.clone()), run).ok_or(StoreError::NotFound)?;
        if !state.accounts.contains_key(&link.account) {
            return Ok(LinkAdded::NoAccount);
        }
        state.tokens.retain(|_, token| token.scope.run() != Some(run) || token.is_valid(link.created_at));
        if state.links(run).count() >= most {
            return Ok(LinkAdded::TooMany);
        }
        state.tokens.insert(link.id, link);
        Ok(LinkAdded::New)
    }

    async fn links(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<Token>, StoreError> {
        let state = self.state();
        Ok(state.run(owner, run).into_iter().flat_map(|_| state.links(run)).cloned().collect())
    }

    async fn revoke_link(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        link: TokenId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        state.run(owner, run).ok_or(StoreError::NotFound)?;
        let link = state.tokens.get_mut(&link).filter(|token| token.scope.run() == Some(run));
        let link = link.ok_or(StoreError::NotFound)?;
        link.revoked_at = link.revoked_at.or(Some(at));
        Ok(())
    }
}

impl State {
    fn links(&self, run: RunId) -> impl Iterator<Item = &Token> {
        self.tokens.values().filter(move |token| token.scope.run() == Some(run))
    }
}
