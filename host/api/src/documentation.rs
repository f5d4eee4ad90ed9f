//! The OpenAPI document around the routes.

use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{RefOr, Schema};

use crate::problem::{default_response, description, every_kind};
use crate::wire::{FieldError, Problem, ProblemKind};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Simulay",
        description = "Engineering simulations as WebAssembly plugins.\n\n\
            Upload a plugin, start runs of its pipeline, follow them, fetch what they leave.\n\n\
            A request that is refused is answered with a problem document (RFC 9457): `kind` is \
            for programs, `detail` for people. Every answer carries `X-Request-Id`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "plugins", description = "WebAssembly components that implement pipelines"),
        (name = "pipelines", description = "What can be run"),
        (name = "inputs", description = "Files that runs are given"),
        (name = "runs", description = "Executions of a pipeline, each for one request"),
        (name = "system", description = "The server itself"),
    ),
    components(schemas(Problem, ProblemKind, FieldError)),
)]
struct Base;

/// How the document calls tokens.
pub(crate) const TOKEN: &str = "token";
/// Under which name an operation tells the least role that it needs.
pub(crate) const ROLE: &str = "x-simulay-role";

/// The document before its routes.
pub(crate) fn base() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sim_…").build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
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
