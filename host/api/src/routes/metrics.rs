//! Figures for Prometheus.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::state::Api;
use crate::telemetry;

/// Read metrics
///
/// In the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "system", operation_id = "metrics",
    responses((status = 200, description = "The metrics", content_type = "text/plain", body = String)))]
pub(super) async fn show(State(api): State<Api>) -> impl IntoResponse {
    let text = telemetry::text(&api.engine.stats(), api.engine.audit.lost());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
