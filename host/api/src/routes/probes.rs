//! Whether the server lives and takes work: for those who watch it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;

use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{Health, ProblemKind};

const PATIENCE: Duration = Duration::from_secs(5);

/// Ask whether the server lives
#[utoipa::path(get, path = "/healthz", tag = "system", operation_id = "health",
    responses((status = 200, description = "It lives", body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// Ask whether the server takes work
///
/// The refusal says what keeps it from working.
#[utoipa::path(get, path = "/readyz", tag = "system", operation_id = "readiness",
    responses((status = 200, description = "It does", body = Health), Refused<503>))]
pub(super) async fn readiness(State(api): State<Api>) -> Result<Json<Health>, Refusal> {
    if api.draining.is_cancelled() {
        return Err(Refusal::new(ProblemKind::Draining, "the server is stopping"));
    }
    let reasons = tokio::time::timeout(PATIENCE, api.engine.readiness()).await;
    let reasons = reasons.unwrap_or_else(|_| vec!["Docker does not answer in time".to_owned()]);
    if reasons.is_empty() {
        return Ok(Json(Health { status: "ready".to_owned() }));
    }
    Err(Refusal::new(ProblemKind::NotReady, reasons.join("; ")))
}
