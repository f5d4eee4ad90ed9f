//! The journal of container calls.

use axum::Json;
use axum::extract::State;
use simulay_model::{CallPlace, RunId};

use super::runs::find;
use crate::caller::Caller;
use crate::extract::Segments;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{CallList, CallReuse};

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

/// Tell why a container call took an earlier result, or why not
///
/// A call that its plugin declares deterministic takes the result of an earlier, equal call. Where there was none, the
/// nearest earlier call is told, and which parts of what a call is known by are other there.
#[utoipa::path(get, path = "/v1/runs/{id}/calls/{step}/{call}/reuse", tag = "runs", operation_id = "showReuse",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("step" = u32, Path, description = "Step, from 0"),
        ("call" = u32, Path, description = "Index in the step, from 0"),
    ),
    responses((status = 200, description = "Whether a result was taken, and why", body = CallReuse), Refused<404>))]
pub(super) async fn reuse(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments((run, step, index)): Segments<(RunId, u32, u32)>,
) -> Result<Json<CallReuse>, Refusal> {
    find(&api, &principal, run).await?;
    let told = api.engine.reader.reuse(&principal, CallPlace { run, step, index }).await?;
    Ok(Json(told.ok_or_else(|| Refusal::not_found("call"))?.into()))
}
