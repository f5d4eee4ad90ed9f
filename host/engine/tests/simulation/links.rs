//! Links to runs, as a machine reaches them.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{OwnerFilter, RunId, Token, TokenId};
use simulay_store::{LinkAdded, Links, StoreError};

use crate::database::Database;

#[async_trait]
impl Links for Database {
    async fn add_link(&self, link: Token, most: usize) -> Result<LinkAdded, StoreError> {
        self.write(self.store.records.add_link(link, most)).await
    }

    async fn links(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<Token>, StoreError> {
        self.read(self.store.records.links(owner, run)).await
    }

    async fn revoke_link(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        link: TokenId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(self.store.records.revoke_link(owner, run, link, at)).await
    }
}
