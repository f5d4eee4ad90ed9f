//! Accounts and the tokens by which they are known.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{Account, AccountName, Digest, Role, Token, TokenId};

use crate::StoreError;

/// Accounts and tokens.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] when there is one of this name.
    async fn add_account(&self, account: Account) -> Result<(), StoreError>;

    /// Changes what an account may do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn set_role(&self, account: &AccountName, role: Role) -> Result<(), StoreError>;

    /// Says since when nobody is known as an account, or that somebody is again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn set_revoked(&self, account: &AccountName, at: Option<Timestamp>) -> Result<(), StoreError>;

    /// An account by its name.
    async fn account(&self, name: &AccountName) -> Result<Option<Account>, StoreError>;

    /// All accounts, by name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such account.
    async fn add_token(&self, token: Token) -> Result<(), StoreError>;

    /// The token whose secret has this digest, and its account; whether it is valid is for the caller to say.
    async fn token(&self, sha256: Digest) -> Result<Option<(Token, Account)>, StoreError>;

    /// Tokens, of one account or of all, from the oldest.
    async fn tokens(&self, account: Option<&AccountName>) -> Result<Vec<Token>, StoreError>;

    /// Revokes a token, and the sessions that came of it; one that was revoked before stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    async fn revoke(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError>;

    /// Takes down that a token was used.
    async fn used(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError>;
}
