//! Who asks, as far as can be told: there are no accounts yet.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// Who asks, e.g. `rest from 127.0.0.1`; behind a proxy, that is the proxy's address.
pub(crate) struct Caller(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let told = from.map(|ConnectInfo(peer)| format!("rest from {}", peer.ip().to_canonical()));
        Ok(Self(told.unwrap_or_else(|| String::from("rest"))))
    }
}
