//! Who may use which route. Each route is given out by [`needs`] or [`open_to_all`]; a test looks for others.

mod bearer;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use simulay_model::{Principal, Role, Scope, TokenSecret};
use tokio::time::Instant;
use tracing::Span;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::OpenApiRouter;

use self::bearer::Bearer;
use crate::address_limit::Peer;
use crate::audit::{self, Deed};
use crate::caller::{is_by_cookie, via};
use crate::documentation::{ROLE, SESSION, TOKEN};
use crate::origins;
use crate::problem::{Refusal, default_response, description};
use crate::rate::{Exhausted, Standing};
use crate::rate_limits::{RateLimits, told};
use crate::state::Api;
use crate::wire::ProblemKind;
use crate::{ApiSettings, Authenticator, link, revocation};

/// Who lets in whom, and how often.
#[derive(Clone)]
pub(crate) struct Gatekeeper {
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) rates: RateLimits,
}

/// What a route asks of whoever uses it.
#[derive(Clone)]
struct Gate {
    role: Role,
    keeper: Gatekeeper,
}

/// Routes for those who have `role`, or more.
pub(crate) fn needs(role: Role, keeper: &Gatekeeper, mut routes: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        operations(item).for_each(|operation| document(operation, role));
    }
    let gate = Gate { role, keeper: keeper.clone() };
    routes.route_layer(from_fn_with_state(gate, check))
}

/// Routes that tell nothing of anybody.
pub(crate) const fn open_to_all(routes: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
    routes
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, head, post, put, patch, delete, .. } = item;
    [get, head, post, put, patch, delete].into_iter().flatten()
}

fn document(operation: &mut Operation, role: Role) {
    let by = |scheme| SecurityRequirement::new(scheme, Vec::<String>::new());
    operation.security = Some(vec![by(TOKEN), by(SESSION)]);
    operation.extensions = Some(Extensions::builder().add(ROLE, json!(role)).build());
    for status in [401, 403] {
        let refused = default_response(&description(status));
        operation.responses.responses.entry(status.to_string()).or_insert(refused.into());
    }
}

async fn check(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let link = match link::take(&mut parts) {
        Ok(link) => link,
        Err(refusal) => return Denied::from(refusal).into_response(),
    };
    match gate.admit(&parts, link.as_ref()).await {
        Ok((principal, standing)) => {
            let bearer = Bearer::new(gate, &parts, link.clone(), principal.clone());
            parts.extensions.insert(principal);
            let mut response = serve(&bearer, Request::from_parts(parts, body), next).await;
            link.iter().for_each(|_| link::guard(&mut response));
            told(standing, response)
        }
        Err(denied) => denied.into_response(),
    }
}

/// Serves a request as long as its bearer is let in.
async fn serve(bearer: &Bearer, request: Request, next: Next) -> Response {
    let (begun, reads) = (Instant::now(), request.method().is_safe());
    let request = request.map(|body| revocation::watched(body, ApiSettings::SMALL_BODY, bearer.look()));
    let response = next.run(request).await;
    // Of what may be done by now whoever asked for it is told.
    let may_be_done = !reads && !audit::is_refused(&response);
    if !may_be_done && begun.elapsed() > revocation::PERIOD && !bearer.is_let_in().await {
        return Denied::from(unknown()).into_response();
    }
    response.map(|body| revocation::watched(body, u64::MAX, bearer.look()))
}

impl Gate {
    /// Who asks, and where he stands with the limit of his account.
    async fn admit(
        &self,
        parts: &Parts,
        link: Option<&TokenSecret>,
    ) -> Result<(Principal, Option<Standing>), Denied> {
        let Gatekeeper { authenticator, rates } = &self.keeper;
        check_page(parts)?;
        let Some(principal) = self.asks(&parts.headers, &via(parts), link).await? else {
            if link.is_some() || parts.headers.contains_key(header::AUTHORIZATION) {
                rates.failure(Peer::of(&parts.extensions)).await?;
            }
            return Err(link.map_or_else(unknown, |_| link::unknown()).into());
        };
        Span::current().record("account", principal.account.as_str());
        Deed::of(parts).is_of(&principal);
        let principal = admitted(principal, self.role)?;
        // Whoever has a link does not use up what its owner may ask.
        let standing = match principal.scope {
            Scope::Run(_) => None,
            _ => {
                let rate = authenticator.rate(&principal, rates.usual()).await.map_err(Refusal::from)?;
                rates.account(&principal.account, rate).await?
            }
        };
        Ok((principal, standing))
    }

    /// Who asks: a link counts instead of what else is shown.
    async fn asks(
        &self,
        headers: &HeaderMap,
        via: &str,
        link: Option<&TokenSecret>,
    ) -> Result<Option<Principal>, Refusal> {
        Ok(match link {
            Some(link) => self.keeper.authenticator.by_link(link, via).await?,
            None => self.keeper.authenticator.principal(headers, via).await?,
        })
    }
}

/// Refuses what a page of another site may have had the browser send: a cookie goes along with whatever it sends.
fn check_page(parts: &Parts) -> Result<(), Refusal> {
    if parts.method.is_safe() || !is_by_cookie(&parts.headers) || origins::is_shown_to_be_ours(&parts.headers)
    {
        return Ok(());
    }
    let detail = "with a session, only pages of this server change anything";
    Err(Refusal::new(ProblemKind::CrossSite, detail).at("Origin"))
}

fn unknown() -> Refusal {
    let detail = "show a valid token: `Authorization: Bearer sim_…`";
    Refusal::new(ProblemKind::Unauthenticated, detail).at("Authorization")
}

fn admitted(principal: Principal, role: Role) -> Result<Principal, Refusal> {
    if principal.role >= role {
        return Ok(principal);
    }
    let detail = format!("this needs the role `{role}`, and you have `{}`", principal.role);
    Err(Refusal::new(ProblemKind::Forbidden, detail))
}

/// Why a request is not let in.
pub(crate) enum Denied {
    Refused(Refusal),
    Exhausted(Exhausted),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Exhausted> for Denied {
    fn from(exhausted: Exhausted) -> Self {
        Self::Exhausted(exhausted)
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Exhausted(exhausted) => return exhausted.into_response(),
        };
        let unknown = refusal.kind() == ProblemKind::Unauthenticated;
        let mut response = refusal.into_response();
        if unknown {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
