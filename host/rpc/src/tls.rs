//! Mutual TLS between the processes of a cluster.

mod credentials;
mod identity;
mod verifiers;

pub use credentials::{Credentials, CredentialsError};
pub use identity::{Identity, IdentityError, Role};
