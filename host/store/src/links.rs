//! Links to runs: tokens that are for one run, each to look at it.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{OwnerFilter, RunId, Token, TokenId};

use crate::StoreError;

/// Links to runs. They are tokens: [`crate::Accounts`] knows them by their digests, and tells of them among others.
#[async_trait]
pub trait Links: Send + Sync {
    /// Adds a token for a run of its account, unless `most` of that run are valid when it is made. Those that are
    /// over by then are forgotten.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such run of the account.
    async fn add_link(&self, link: Token, most: usize) -> Result<LinkAdded, StoreError>;

    /// The links to a run, from the oldest; also those that are over and not yet forgotten.
    async fn links(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<Token>, StoreError>;

    /// Revokes a link to the run; one that was revoked before stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn revoke_link(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        link: TokenId,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}

/// What [`Links::add_link`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkAdded {
    /// The link is there.
    New,
    /// Nothing: the run has as many as it may.
    TooMany,
    /// Nothing: whose run it is has no account that tokens are known by.
    NoAccount,
}
