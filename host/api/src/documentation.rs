//! The OpenAPI document around the routes.

use std::sync::Arc;

use simulay_model::Role;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{RefOr, Schema, Server};

use crate::BasePath;
use crate::cookies;
use crate::problem::{default_response, description, every_kind};
use crate::wire::{FieldError, Problem, ProblemKind};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Simulay",
        description = "Engineering simulations as WebAssembly plugins.\n\n\
            Upload a plugin, start runs of its pipeline, follow them, fetch what they leave.\n\n\
            A request that is refused is answered with a problem document (RFC 9457): `kind` is \
            for programs, `detail` for people. Every answer carries `X-Request-Id`, and \
            the version of the server as `Simulay-Version`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "plugins", description = "WebAssembly components that implement pipelines"),
        (name = "pipelines", description = "What can be run"),
        (name = "inputs", description = "Files that runs are given"),
        (name = "runs", description = "Executions of a pipeline, each for one request"),
        (name = "session", description = "Who asks, and signing in"),
        (name = "system", description = "The server itself"),
    ),
    components(schemas(Problem, ProblemKind, FieldError)),
)]
struct Base;

/// How the document calls tokens.
pub(crate) const TOKEN: &str = "token";
/// How the document calls sessions.
pub(crate) const SESSION: &str = "session";
/// Under which name an operation tells the least role that it needs.
pub(crate) const ROLE: &str = "x-simulay-role";

/// The operations of the interface, each with the least role that it needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operations(Arc<Vec<(Role, String)>>);

impl Operations {
    /// Those of `document`; what is open to all is nobody's right.
    pub(crate) fn new(document: &utoipa::openapi::OpenApi) -> Self {
        let items = document.paths.paths.values();
        Self(Arc::new(items.flat_map(operations).filter_map(needed).collect()))
    }

    /// The ids of those that `role` may use.
    pub(crate) fn of(&self, role: Role) -> Vec<String> {
        self.0.iter().filter(|(needed, _)| *needed <= role).map(|(_, id)| id.clone()).collect()
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = &Operation> {
    let PathItem { get, head, post, put, delete, .. } = item;
    [get, head, post, put, delete].into_iter().flatten()
}

fn needed(operation: &Operation) -> Option<(Role, String)> {
    let role = operation.extensions.as_ref()?.get(ROLE)?.as_str()?.parse().ok()?;
    Some((role, operation.operation_id.clone()?))
}

/// The document before its routes.
pub(crate) fn base() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sim_…").build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
        components.add_security_scheme(
            SESSION,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookies::SESSION))),
        );
    }
    document
}

/// The document with what is true of every route.
pub(crate) fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.head, &mut item.post, &mut item.put, &mut item.delete];
        operations.into_iter().flatten().for_each(refusable);
        let changes = [&mut item.post, &mut item.put, &mut item.delete];
        changes.into_iter().flatten().for_each(not_for_all_pages);
    }
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    if let Some(RefOr::T(Schema::Object(kinds))) = schemas.and_then(|all| all.get_mut("ProblemKind")) {
        kinds.description = Some(every_kind());
    }
    document
}

/// The document of a server that is shown under `base`.
pub(crate) fn under(mut document: utoipa::openapi::OpenApi, base: &BasePath) -> utoipa::openapi::OpenApi {
    if !base.is_root() {
        document.servers = Some(vec![Server::new(base.as_str())]);
    }
    document
}

/// What changes anything is not for pages of other sites.
fn not_for_all_pages(operation: &mut Operation) {
    let refused = default_response(&description(403));
    operation.responses.responses.entry("403".to_owned()).or_insert(refused.into());
}

/// Any request may be refused: by its headers, its pace, its `Host`, or a fault.
fn refusable(operation: &mut Operation) {
    let default = default_response("Any other refusal: see `kind`");
    operation.responses.responses.entry("default".to_owned()).or_insert(default.into());
}
