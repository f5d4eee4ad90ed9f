//! What a provider of identities is asked.

use std::error::Error;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use simulay_model::Identity;

/// What binds an answer of the provider to the browser that was sent there; only that browser has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Comes back with the browser (RFC 6749 §10.12).
    pub state: String,
    /// Comes back in what the provider signs (OpenID Connect Core 1.0 §3.1.2.1).
    pub nonce: String,
    /// What only who began can show (RFC 7636).
    pub verifier: String,
}

/// Where a browser goes to sign in, and what it keeps meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The page of the provider.
    pub url: String,
    /// What the browser keeps.
    pub challenge: Challenge,
}

/// What the provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who it is.
    pub identity: Identity,
    /// What the account is to be called when it is new; none when the provider does not tell.
    pub name: Option<String>,
    /// The groups that he is in.
    pub groups: Vec<String>,
}

/// Why nobody knows who it is.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The provider does not answer, or not as it should: trying again may help.
    #[error("the provider of identities does not answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// What came back is not what the provider said to this browser, or is too old.
    #[error("the sign-in is not valid; begin again")]
    Invalid(#[source] Box<dyn Error + Send + Sync>),
}

/// Tells who people are.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`IdentityError::Unavailable`].
    async fn authorize(&self) -> Result<Authorization, IdentityError>;

    /// Makes claims of the code that the browser with `challenge` came back with. A code is good for once.
    ///
    /// # Errors
    /// See [`IdentityError`].
    async fn redeem(&self, code: &str, challenge: &Challenge) -> Result<Claims, IdentityError>;
}
