//! By what people sign in: passwords, and identities elsewhere.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{Account, AccountName, Identity, Token};

use crate::StoreError;

/// Sessions of one account.
pub const MAX_SESSIONS: u16 = 100;

/// By what people sign in.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Gives an account a password, of which `hash` is the PHC string, and revokes what came of the one before:
    /// all sessions of the account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such account.
    async fn set_password(
        &self,
        account: &AccountName,
        hash: String,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The PHC string of an account's password; none when it has none, or there is no such account.
    async fn password(&self, account: &AccountName) -> Result<Option<String>, StoreError>;

    /// Adds a session, while what it came of still holds: the account and the token that was shown are not revoked, and
    /// `password`, when it came of that, is still the hash of the account's. It takes the place of sessions of the account
    /// that are over, and of the oldest above [`MAX_SESSIONS`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it does not hold any more.
    async fn open_session(&self, session: Token, password: Option<String>) -> Result<(), StoreError>;

    /// The account that an identity is linked to.
    async fn linked(&self, identity: &Identity) -> Result<Option<Account>, StoreError>;

    /// Links an identity to an account that is there; one that is linked to another goes over to it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such account.
    async fn link(&self, account: &AccountName, identity: &Identity) -> Result<(), StoreError>;

    /// Adds an account that an identity is linked to.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] when there is an account of this name, or the identity is linked already.
    async fn add_linked(&self, account: Account, identity: &Identity) -> Result<(), StoreError>;
}
