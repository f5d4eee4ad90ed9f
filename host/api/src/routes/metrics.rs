//! Figures for Prometheus.

use axum::extract::State;
use axum::response::IntoResponse;

use crate::health::{self, Watched as _};
use crate::state::Api;

/// Read metrics
///
/// In the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "system", operation_id = "metrics",
    responses((status = 200, description = "The metrics", content_type = "text/plain", body = String)))]
pub(super) async fn show(State(api): State<Api>) -> impl IntoResponse {
    health::metrics(&api.engine.metrics())
}
