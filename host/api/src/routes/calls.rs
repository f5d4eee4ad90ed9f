//! The journal of container calls.

use axum::Json;
use axum::extract::State;
use simulay_model::RunId;

use super::runs::find;
use crate::caller::Caller;
use crate::extract::Segments;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::CallList;

/// List the container calls of a run
///
/// What was asked for and what came of it, by step and place; of each call its newest attempt.
/// Contents of files are not shown, only their digests.
#[utoipa::path(get, path = "/v1/runs/{id}/calls", tag = "runs", operation_id = "listCalls",
    params(("id" = uuid::Uuid, Path, description = "The run")),
    responses((status = 200, description = "The calls", body = CallList), Refused<404>))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
) -> Result<Json<CallList>, Refusal> {
    find(&api, &principal, id).await?;
    Ok(Json(api.engine.reader.calls(&principal, id).await?.into()))
}
