//! Whether the server lives and takes work: for those who watch it.

use axum::Json;
use axum::extract::State;

use crate::health;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{Health, ProblemKind};

/// Ask whether the server lives
#[utoipa::path(get, path = "/healthz", tag = "system", operation_id = "health",
    responses((status = 200, description = "It lives", body = Health)))]
pub(super) async fn health() -> Json<Health> {
    health::alive()
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
    health::ready(api.engine.readiness().await)
}
