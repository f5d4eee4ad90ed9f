//! Who asks.

use std::net::SocketAddr;

use async_trait::async_trait;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use simulay_engine::{Accounts, EngineError};
use simulay_model::{Principal, TokenSecret};

use crate::problem::Refusal;

/// Tells who a request is of.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Who asks, having come `via`; none when the request does not show it.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    async fn principal(&self, headers: &HeaderMap, via: &str) -> Result<Option<Principal>, EngineError>;

    /// Who asks by a link to a run, having come `via`; none when it opens nothing, as where nobody is known by
    /// tokens.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    async fn by_link(&self, _link: &TokenSecret, _via: &str) -> Result<Option<Principal>, EngineError> {
        Ok(None)
    }
}

/// For a host of one person: whoever reaches it is that person, and may do everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct OnePerson;

#[async_trait]
impl Authenticator for OnePerson {
    async fn principal(&self, _headers: &HeaderMap, via: &str) -> Result<Option<Principal>, EngineError> {
        Ok(Some(Principal::local(via)))
    }
}

/// For a host of many: a request shows a token, as `Authorization: Bearer sim_…` (RFC 6750).
#[derive(Clone)]
pub struct ByToken(pub Accounts);

#[async_trait]
impl Authenticator for ByToken {
    async fn principal(&self, headers: &HeaderMap, via: &str) -> Result<Option<Principal>, EngineError> {
        let Some(secret) = bearer(headers) else { return Ok(None) };
        self.0.authenticate(&secret, via).await
    }

    async fn by_link(&self, link: &TokenSecret, via: &str) -> Result<Option<Principal>, EngineError> {
        let found = self.0.authenticate(link, via).await?;
        // The token of an account is not taken from where it is copied, logged and kept.
        Ok(found.filter(|principal| principal.scope.run().is_some()))
    }
}

/// The token of a request; none when there are two, of which a proxy may have seen another.
fn bearer(headers: &HeaderMap) -> Option<TokenSecret> {
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().parse().ok()).flatten()
}

/// How a request came, e.g. `rest from 127.0.0.1`; behind a proxy, that is the proxy's address.
pub(crate) fn via(parts: &Parts) -> String {
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let told = from.map(|ConnectInfo(peer)| format!("rest from {}", peer.ip().to_canonical()));
    told.unwrap_or_else(|| String::from("rest"))
}

/// Who asks, as [`crate::authorization`] found.
pub(crate) struct Caller(pub(crate) Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let found = parts.extensions.get::<Principal>().cloned();
        found.map(Self).ok_or_else(|| Refusal::internal("a route asks for a principal and needs no role"))
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::TOKEN_BYTES;

    use super::*;

    #[test]
    fn a_token_comes_in_one_header_of_one_scheme() {
        let secret = TokenSecret::of([7; TOKEN_BYTES]);
        let headers = |values: &[String]| -> HeaderMap {
            values.iter().map(|value| (header::AUTHORIZATION, value.parse().unwrap())).collect()
        };
        let good = format!("Bearer {}", secret.reveal());
        assert_eq!(bearer(&headers(std::slice::from_ref(&good))), Some(secret.clone()));
        assert_eq!(bearer(&headers(&[good.replace("Bearer", "bearer")])), Some(secret.clone()));
        let basic = good.replace("Bearer", "Basic");
        for wrong in [vec![], vec![good.clone(), good], vec![basic], vec![secret.reveal().to_owned()]] {
            assert_eq!(bearer(&headers(&wrong)), None, "{wrong:?}");
        }
    }
}
