//! Whoever was let in, to be looked at again while he is served.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::request::Parts;
use simulay_model::{Principal, TokenSecret};

use super::Gate;
use crate::caller::via;

/// Whoever was let in. Cheap to clone.
#[derive(Clone)]
pub(super) struct Bearer(Arc<Shown>);

/// What a request showed, and whom that showed.
struct Shown {
    gate: Gate,
    headers: HeaderMap,
    via: String,
    link: Option<TokenSecret>,
    principal: Principal,
}

impl Bearer {
    /// Whoever was let in by what the request with `parts` shows.
    pub(super) fn new(gate: Gate, parts: &Parts, link: Option<TokenSecret>, principal: Principal) -> Self {
        let (headers, via) = (parts.headers.clone(), via(parts));
        Self(Arc::new(Shown { gate, headers, via, link, principal }))
    }

    /// True while what was shown is still that of the same principal, who may still do it.
    pub(super) async fn is_let_in(&self) -> bool {
        let Shown { gate, headers, via, link, principal } = &*self.0;
        match gate.asks(headers, via, link.as_ref()).await {
            Ok(Some(now)) => {
                (&now.account, &now.scope) == (&principal.account, &principal.scope) && now.role >= gate.role
            }
            Ok(None) => false,
            // Whoever cannot be looked up just now is not turned away for that.
            Err(_) => true,
        }
    }

    /// Looks again each time.
    pub(super) fn look(
        &self,
    ) -> impl Fn() -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>> + Send + use<> {
        let bearer = self.clone();
        move || {
            let bearer = bearer.clone();
            Box::pin(async move { bearer.is_let_in().await })
        }
    }
}
