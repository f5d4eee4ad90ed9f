//! Sweeps: many runs of one version of a pipeline.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use simulay_engine::{Beginning, CountedSweep};
use simulay_model::{Digest, Sweep, SweepId};
use simulay_store::SweepQuery;

use super::runs::{optional, wrong};
use crate::ApiSettings;
use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{Asked, JsonBody, KnownBody, Pipeline, Segments};
use crate::idempotency::{self, Answer, Keyed};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire;

const USUAL_PAGE: u32 = 20;

/// Start a sweep
///
/// Every point is checked before anything starts, and the sweep is stored before the answer comes. Its points become
/// runs of the version that serves the pipeline now, as there is room for them.
#[utoipa::path(post, path = "/v1/pipelines/{pipeline}/sweeps", tag = "sweeps", operation_id = "createSweep",
    params(
        ("pipeline" = String, Path, description = "`name` for the latest version, or `name@version`"),
        ("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING),
    ),
    request_body = wire::NewSweep,
    responses(
        (status = 202, description = "Accepted", body = wire::Sweep, headers(("Location" = String))),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<415>, Refused<422>, Refused<429>,
        Refused<503>, Refused<507>
    ))]
pub(super) async fn create(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Pipeline(selector): Pipeline,
    keyed: Keyed,
    deed: Deed,
    KnownBody { document, bytes, permit: _held }: KnownBody<wire::NewSweep>,
) -> Result<Response, Refusal> {
    // Checking all points is as much work as a preview.
    let _permit = api.previews.take(peer)?;
    let new = document.into_engine(selector).map_err(|rule| wrong("/stop", rule))?;
    let Some(once) = keyed.once(|| Digest::of(&bytes)) else {
        let sweep = api.engine.sweeps.create(&principal, new, None).await?;
        return Ok(accepted(sweep, &deed)?.into_response());
    };
    let _at_work = match api.engine.intake.begin(&principal, &once).await? {
        Beginning::Again(outcome) => return Ok(Answer::read(&outcome)?.into_response()),
        Beginning::First(at_work) => at_work,
    };
    let answer =
        |sweep: &Sweep| accepted(sweep.clone(), &deed).and_then(|answer| answer.stored()).unwrap_or_default();
    let sweep = api.engine.sweeps.create(&principal, new, Some((&once, &answer))).await?;
    Ok(accepted(sweep, &deed)?.into_response())
}

fn accepted(sweep: Sweep, deed: &Deed) -> Result<Answer, Refusal> {
    deed.is_about(sweep.id);
    deed.says(format!("{} points of {}", sweep.progress.points(), sweep.plugin));
    let location = format!("/v1/sweeps/{}", sweep.id);
    let told = wire::Sweep::from(CountedSweep::from(sweep));
    Answer::new(StatusCode::ACCEPTED, Some(location), &told)
}

/// Preview a sweep
///
/// How many points it has, the first of them, what the run of the first would do first, and how long all may take. Every
/// point is checked; nothing starts.
#[utoipa::path(post, path = "/v1/pipelines/{pipeline}/sweeps/preview", tag = "sweeps", operation_id = "previewSweep",
    params(("pipeline" = String, Path, description = "`name` for the latest version, or `name@version`")),
    request_body = wire::NewSweep,
    responses(
        (status = 200, description = "What it would be", body = wire::SweepPreview),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<415>, Refused<422>, Refused<429>, Refused<503>
    ))]
pub(super) async fn preview(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Pipeline(selector): Pipeline,
    JsonBody(new, _held): JsonBody<wire::NewSweep>,
) -> Result<Json<wire::SweepPreview>, Refusal> {
    let _permit = api.previews.take(peer)?;
    let new = new.into_engine(selector).map_err(|rule| wrong("/stop", rule))?;
    Ok(Json(api.engine.sweeps.preview(&principal, new).await?.into()))
}

/// Which sweeps to list. Texts, so that what does not fit is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    pipeline: Option<String>,
    state: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl Filter {
    fn query(&self) -> Result<SweepQuery, Refusal> {
        let state = optional("state", self.state.as_deref())?;
        let pipeline = optional("pipeline", self.pipeline.as_deref())?;
        let before = optional("cursor", self.cursor.as_deref())?;
        let limit = limit(self.limit.as_deref(), ApiSettings::MAX_PAGE)?;
        Ok(SweepQuery { pipeline, state, before, limit })
    }
}

pub(super) fn limit(asked: Option<&str>, most: u32) -> Result<u32, Refusal> {
    let limit = optional("limit", asked)?.unwrap_or(USUAL_PAGE);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(wrong("limit", &format!("between 1 and {most}")))
    }
}

/// List sweeps
///
/// From the newest to the oldest, without what was asked.
#[utoipa::path(get, path = "/v1/sweeps", tag = "sweeps", operation_id = "listSweeps",
    params(
        ("pipeline" = Option<String>, Query, description = "Only of this pipeline"),
        ("state" = Option<wire::SweepState>, Query, description = "Only in this state"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Sweeps per page; 20 when absent"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of sweeps", body = wire::SweepList), Refused<422>))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Asked(filter): Asked<Filter>,
) -> Result<Json<wire::SweepList>, Refusal> {
    let query = filter.query()?;
    let page = query.limit as usize;
    // One more than asked for tells whether another page follows.
    let query = SweepQuery { limit: query.limit + 1, ..query };
    let mut sweeps = api.engine.sweeps.list(&principal, query).await?;
    let more = sweeps.len() > page;
    sweeps.truncate(page);
    let next_cursor = sweeps.last().filter(|_| more).map(|sweep| sweep.id.to_string());
    Ok(Json(wire::SweepList { sweeps: sweeps.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Show a sweep
#[utoipa::path(get, path = "/v1/sweeps/{id}", tag = "sweeps", operation_id = "showSweep",
    params(("id" = uuid::Uuid, Path, description = "The sweep")),
    responses((status = 200, description = "The sweep", body = wire::Sweep), Refused<404>))]
pub(super) async fn show(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<SweepId>,
) -> Result<Json<wire::Sweep>, Refusal> {
    let sweep = api.engine.sweeps.sweep(&principal, id).await?;
    Ok(Json(sweep.ok_or_else(|| Refusal::not_found("sweep"))?.into()))
}

/// Cancel a sweep
///
/// No more runs are made, and those that have not ended are cancelled. Asking again is fine.
#[utoipa::path(post, path = "/v1/sweeps/{id}/cancel", tag = "sweeps", operation_id = "cancelSweep",
    params(("id" = uuid::Uuid, Path, description = "The sweep")),
    responses(
        (status = 202, description = "The end is asked for", body = wire::Sweep),
        Refused<404>, Refused<409>
    ))]
pub(super) async fn cancel(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<SweepId>,
) -> Result<(StatusCode, Json<wire::Sweep>), Refusal> {
    Ok(changed(api.engine.sweeps.cancel(&principal, id).await?))
}

/// Retry the failed points of a sweep
///
/// Each point whose newest run failed or took too long gets another run. Those that succeeded stay as they are.
#[utoipa::path(post, path = "/v1/sweeps/{id}/retry", tag = "sweeps", operation_id = "retrySweep",
    params(("id" = uuid::Uuid, Path, description = "The sweep")),
    responses(
        (status = 202, description = "The sweep goes on", body = wire::Sweep),
        Refused<404>, Refused<409>
    ))]
pub(super) async fn retry(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<SweepId>,
) -> Result<(StatusCode, Json<wire::Sweep>), Refusal> {
    Ok(changed(api.engine.sweeps.retry(&principal, id).await?))
}

/// Extend a sweep
///
/// More points follow those that there are, which do not change: the sequence goes on. A grid and a table have the
/// points they have.
#[utoipa::path(post, path = "/v1/sweeps/{id}/extend", tag = "sweeps", operation_id = "extendSweep",
    params(("id" = uuid::Uuid, Path, description = "The sweep")),
    request_body = wire::MorePoints,
    responses(
        (status = 202, description = "The sweep goes on", body = wire::Sweep),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<415>, Refused<422>, Refused<429>
    ))]
pub(super) async fn extend(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Segments(id): Segments<SweepId>,
    JsonBody(more, _held): JsonBody<wire::MorePoints>,
) -> Result<(StatusCode, Json<wire::Sweep>), Refusal> {
    let _permit = api.previews.take(peer)?;
    Ok(changed(api.engine.sweeps.extend(&principal, id, more.points).await?))
}

fn changed(sweep: CountedSweep) -> (StatusCode, Json<wire::Sweep>) {
    (StatusCode::ACCEPTED, Json(sweep.into()))
}
