//! What the interface says of itself: the OpenAPI document, and a page that shows it.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;

use crate::state::Api;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Read the OpenAPI document
#[utoipa::path(get, path = "/openapi.json", tag = "system", operation_id = "openapi",
    responses((status = 200, description = "This document", body = Value)))]
pub(super) async fn openapi(State(api): State<Api>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-cache"), (CONTENT_TYPE, "application/json")], api.document)
}

/// Read this documentation in a browser
#[utoipa::path(get, path = "/docs", tag = "system", operation_id = "docs",
    responses((status = 200, description = "A page", content_type = "text/html", body = String)))]
pub(super) async fn page(State(api): State<Api>) -> impl IntoResponse {
    let page = api.settings.base_path.write_into(include_str!("../documentation/page.html"));
    file("text/html; charset=utf-8", page)
}

/// Read the script of the page
#[utoipa::path(get, path = "/docs/app.js", tag = "system", operation_id = "docsScript",
    responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
pub(super) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("../documentation/app.js"))
}

/// Read the style of the page
#[utoipa::path(get, path = "/docs/style.css", tag = "system", operation_id = "docsStyle",
    responses((status = 200, description = "CSS", content_type = "text/css", body = String)))]
pub(super) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../documentation/style.css"))
}

fn file(media_type: &'static str, content: impl IntoResponse) -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, content)
}
