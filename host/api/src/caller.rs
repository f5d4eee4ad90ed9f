//! Who asks.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::request::Parts;
use simulay_model::{AccountName, Principal};

/// Tells which account a request is of.
pub trait Authenticator: Send + Sync {
    /// The account.
    fn account(&self, request: &Parts) -> AccountName;
}

/// For a host of one person: whoever reaches it is that person.
#[derive(Debug, Clone, Copy, Default)]
pub struct OnePerson;

impl Authenticator for OnePerson {
    fn account(&self, _request: &Parts) -> AccountName {
        AccountName::local()
    }
}

/// Who asks, and from where, e.g. `rest from 127.0.0.1`; behind a proxy, that is the proxy's address.
pub(crate) struct Caller(pub(crate) Principal);

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Arc<dyn Authenticator>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let account = Arc::<dyn Authenticator>::from_ref(state).account(parts);
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let via = from.map(|ConnectInfo(peer)| format!("rest from {}", peer.ip().to_canonical()));
        Ok(Self(Principal { account, via: via.unwrap_or_else(|| String::from("rest")) }))
    }
}
