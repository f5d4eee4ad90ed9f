//! Who asks.

use std::convert::Infallible;

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use simulay_engine::{AccountQuotas, Accounts, Engine, EngineError};
use simulay_model::{Principal, Quota, TokenKind, TokenSecret};
use simulay_rates::Rate;

use crate::client::Client;
use crate::cookies;
use crate::problem::Refusal;

/// Tells who a request is of.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Who asks, having come `via`; none when the request does not show it.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    async fn principal(&self, headers: &HeaderMap, via: &str) -> Result<Option<Principal>, EngineError>;

    /// How often the account of `principal` may ask, where `usual` is what the settings say; none is no limit.
    ///
    /// # Errors
    /// When that cannot be read.
    async fn rate(&self, _principal: &Principal, usual: Option<Rate>) -> Result<Option<Rate>, EngineError> {
        Ok(usual)
    }

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

    async fn rate(&self, _: &Principal, _usual: Option<Rate>) -> Result<Option<Rate>, EngineError> {
        Ok(None)
    }
}

/// For a host of many: a program shows a token, as `Authorization: Bearer sim_…` (RFC 6750), a browser the cookie of a
/// session.
#[derive(Clone)]
pub struct ByToken {
    accounts: Accounts,
    quotas: AccountQuotas,
}

impl ByToken {
    /// Tells who is who by the accounts of `engine`.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        Self { accounts: engine.accounts.clone(), quotas: engine.quotas.clone() }
    }
}

#[async_trait]
impl Authenticator for ByToken {
    async fn principal(&self, headers: &HeaderMap, via: &str) -> Result<Option<Principal>, EngineError> {
        let (shown, kind) = match is_by_cookie(headers) {
            true => (cookies::session(headers), TokenKind::Session),
            false => (bearer(headers), TokenKind::Api),
        };
        let Some(secret) = shown else { return Ok(None) };
        self.accounts.authenticate(&secret, kind, via).await
    }

    async fn rate(&self, principal: &Principal, usual: Option<Rate>) -> Result<Option<Rate>, EngineError> {
        let quotas = self.quotas.of(&principal.account).await?;
        let (number, burst) = (quotas.of(Quota::RequestsPerSecond), quotas.of(Quota::RequestBurst));
        Ok(Rate::within(usual, number, burst))
    }

    async fn by_link(&self, link: &TokenSecret, via: &str) -> Result<Option<Principal>, EngineError> {
        let found = self.accounts.authenticate(link, TokenKind::Api, via).await?;
        // The token of an account is not taken from where it is copied, logged and kept.
        Ok(found.filter(|principal| principal.scope.run().is_some()))
    }
}

/// True when a browser shows who asks, by itself: whether its page was ours is another question.
pub(crate) fn is_by_cookie(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::AUTHORIZATION) && cookies::session(headers).is_some()
}

/// The token of a request; none when there are two, of which a proxy may have seen another.
fn bearer(headers: &HeaderMap) -> Option<TokenSecret> {
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().parse().ok()).flatten()
}

/// How a request came, e.g. `rest from 127.0.0.1`; behind a proxy that is not trusted, that is the proxy's address.
pub(crate) fn via(parts: &Parts) -> String {
    parts.extensions.get::<Client>().copied().unwrap_or_default().via()
}

/// How a request came.
pub(crate) struct Via(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Via {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(via(parts)))
    }
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
