//! The server itself.

use axum::Json;
use axum::extract::State;

use crate::ApiSettings;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::state::Api;
use crate::wire::{Limits, System};

/// Show the server
///
/// Its version, the bounds of requests and what is going on: of your own, and for operators of all.
#[utoipa::path(get, path = "/v1/system", tag = "system", operation_id = "showSystem",
    responses((status = 200, description = "The server", body = System)))]
pub(super) async fn show(State(api): State<Api>, Caller(principal): Caller) -> Result<Json<System>, Refusal> {
    let settings = &api.settings;
    let limits = Limits {
        max_component_bytes: settings.max_component_bytes,
        max_input_bytes: settings.max_input_bytes,
        max_archive_files: settings.max_archive_files,
        max_archive_bytes: settings.max_archive_bytes,
        max_json_bytes: settings.max_json_bytes,
        max_wait_s: ApiSettings::MAX_WAIT.as_secs(),
        max_page: ApiSettings::MAX_PAGE,
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let clock_jump = api.engine.clock_jump().map(Into::into);
    let stats = api.engine.meter.stats(&principal, api.engine.stats()).await?.into();
    Ok(Json(System { version, limits, stats, clock_jump }))
}
