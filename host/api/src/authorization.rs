//! Who may use which route. Each route is given out by [`needs`] or [`open_to_all`]; a test looks for others.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use simulay_model::{Principal, Role, TokenSecret};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::OpenApiRouter;

use crate::caller::via;
use crate::documentation::{ROLE, TOKEN};
use crate::problem::{Refusal, default_response, description};
use crate::state::Api;
use crate::wire::ProblemKind;
use crate::{Authenticator, link};

/// What a route asks of whoever uses it.
#[derive(Clone)]
struct Gate {
    role: Role,
    authenticator: Arc<dyn Authenticator>,
}

/// Routes for those who have `role`, or more.
pub(crate) fn needs(
    role: Role,
    authenticator: &Arc<dyn Authenticator>,
    mut routes: OpenApiRouter<Api>,
) -> OpenApiRouter<Api> {
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        operations(item).for_each(|operation| document(operation, role));
    }
    let gate = Gate { role, authenticator: authenticator.clone() };
    routes.route_layer(from_fn_with_state(gate, check))
}

/// Routes that tell nothing of anybody.
pub(crate) const fn open_to_all(routes: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
    routes
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, head, post, put, delete, .. } = item;
    [get, head, post, put, delete].into_iter().flatten()
}

fn document(operation: &mut Operation, role: Role) {
    operation.security = Some(vec![SecurityRequirement::new(TOKEN, Vec::<String>::new())]);
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
        Err(refusal) => return refused(refusal),
    };
    let found = gate.asks(&parts, link.as_ref()).await;
    match found.and_then(|principal| admitted(principal, gate.role)) {
        Ok(principal) => {
            parts.extensions.insert(principal);
            let mut response = next.run(Request::from_parts(parts, body)).await;
            link.iter().for_each(|_| link::guard(&mut response));
            response
        }
        Err(refusal) => refused(refusal),
    }
}

impl Gate {
    /// Who asks: a link counts instead of what else is shown.
    async fn asks(&self, parts: &Parts, link: Option<&TokenSecret>) -> Result<Principal, Refusal> {
        let via = via(parts);
        match link {
            Some(link) => self.authenticator.by_link(link, &via).await?.ok_or_else(link::unknown),
            None => self.authenticator.principal(&parts.headers, &via).await?.ok_or_else(unknown),
        }
    }
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

fn refused(refusal: Refusal) -> Response {
    let unknown = refusal.kind() == ProblemKind::Unauthenticated;
    let mut response = refusal.into_response();
    if unknown {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
