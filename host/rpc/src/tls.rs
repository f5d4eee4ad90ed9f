//! Mutual TLS between the processes of a cluster.

mod credentials;
mod expiry;
mod identity;
mod verifiers;

pub use credentials::{Credentials, CredentialsError};
pub use expiry::Expiry;
pub use identity::{Identity, IdentityError, Role, TrustDomain};
