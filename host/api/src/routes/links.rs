//! Links to runs.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use simulay_engine::Links;
use simulay_model::{RunId, TokenId};

use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{JsonBody, Segments};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{LinkList, LinkMade, NewLink};

/// Make a link to a run
///
/// Whoever has it looks at this run, its events, calls, logs and artifacts, and at nothing else, until it is over or
/// revoked. It is told this once.
#[utoipa::path(post, path = "/v1/runs/{id}/links", tag = "runs", operation_id = "createRunLink",
    params(("id" = uuid::Uuid, Path, description = "The run")),
    request_body = NewLink,
    responses(
        (status = 201, description = "The link", body = LinkMade),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<415>, Refused<422>
    ))]
pub(super) async fn create(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
    deed: Deed,
    JsonBody(asked, _held): JsonBody<NewLink>,
) -> Result<(StatusCode, Json<LinkMade>), Refusal> {
    let lifetime = asked.expires_in_s.map_or(Links::USUAL_LIFETIME, Duration::from_secs);
    let (link, secret) = api.engine.links.create(&principal, id, lifetime).await?;
    deed.is_about(link.id);
    deed.says(id);
    Ok((StatusCode::CREATED, Json(LinkMade::new(&link, id, &secret))))
}

/// List the links to a run
///
/// Those that are taken, from the oldest, without their secrets.
#[utoipa::path(get, path = "/v1/runs/{id}/links", tag = "runs", operation_id = "listRunLinks",
    params(("id" = uuid::Uuid, Path, description = "The run")),
    responses((status = 200, description = "The links", body = LinkList), Refused<404>))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
) -> Result<Json<LinkList>, Refusal> {
    let links = api.engine.links.list(&principal, id).await?;
    Ok(Json(links.into_iter().collect()))
}

/// Revoke a link to a run
///
/// Within a second it opens nothing, and what it is reading is broken off within a few.
#[utoipa::path(delete, path = "/v1/runs/{id}/links/{link}", tag = "runs", operation_id = "revokeRunLink",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("link" = uuid::Uuid, Path, description = "The link, from the list"),
    ),
    responses((status = 204, description = "It is revoked"), Refused<404>))]
pub(super) async fn revoke(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments((id, link)): Segments<(RunId, TokenId)>,
    deed: Deed,
) -> Result<StatusCode, Refusal> {
    deed.is_about(link);
    deed.says(id);
    api.engine.links.revoke(&principal, id, link).await?;
    Ok(StatusCode::NO_CONTENT)
}
