//! Runs: one execution of a pipeline for one request.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use simulay_engine::Accepted;
use simulay_model::{Digest, Principal, Run, RunId, RunSummary};

use crate::audit::Deed;
use crate::cache_control::ComputesAnew;
use crate::caller::Caller;
use crate::extract::{Asked, JsonBody, KnownBody, MergePatch, Pipeline, Segments, selector};
use crate::idempotency::{self, Keyed};
use crate::prefer::{Wait, applied};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{self, ProblemKind};

/// Start a run
///
/// The run is stored before the answer comes: it goes on whatever happens to this connection or
/// to the server. Follow it at `/v1/runs/{id}/events`, or wait for its end right here with
/// `Prefer: wait=SECONDS` (at most 300).
#[utoipa::path(post, path = "/v1/pipelines/{pipeline}/runs", tag = "runs", operation_id = "createRun",
    params(
        ("pipeline" = String, Path, description = "`name` for the latest version, or `name@version`"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` waits for the end (RFC 7240)"),
        ("Cache-Control" = Option<String>, Header, description = "`no-cache` has every call computed, as \
            `options.reuse` = false does (RFC 9111)"),
        ("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING),
    ),
    request_body = wire::NewRun,
    responses(
        (status = 202, description = "Accepted, and not ended yet", body = wire::Run,
            headers(("Location" = String), ("Preference-Applied" = Option<String>))),
        (status = 200, description = "Ended within the time waited", body = wire::Run,
            headers(("Location" = String), ("Preference-Applied" = String))),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<415>, Refused<422>, Refused<429>,
        Refused<503>, Refused<507>
    ))]
pub(super) async fn create(
    State(api): State<Api>,
    Caller(principal): Caller,
    Pipeline(selector): Pipeline,
    asked: (Wait, ComputesAnew),
    keyed: Keyed,
    deed: Deed,
    KnownBody { document, bytes, permit }: KnownBody<wire::NewRun>,
) -> Result<Response, Refusal> {
    let (Wait(wait), ComputesAnew(anew)) = asked;
    let mut new = document.into_engine(selector);
    new.reuse &= !anew;
    new.awaited = wait.is_some();
    let once = keyed.once(|| Digest::of(&bytes));
    // Not held while the end of the run is waited for.
    drop(bytes);
    let submitted = match once {
        Some(once) => api.engine.intake.submit_once(&principal, new, &once).await?,
        None => api.engine.intake.submit(&principal, new).await?,
    };
    drop(permit);
    let run = stored(&deed, submitted, wait.is_some()).await?;
    accepted(&api, &principal, run, wait).await
}

/// Start a run under an id of your choice
///
/// The id is a UUID of version 7. The same request again is answered with the same run and 200;
/// another request with the id of a run is refused, as not found when the run is another account's. Name and labels
/// do not make it another request, since they may have been changed since; nor does whether results are taken.
#[utoipa::path(put, path = "/v1/runs/{id}", tag = "runs", operation_id = "createNamedRun",
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the run to be: a UUID of version 7"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` waits for the end (RFC 7240)"),
        ("Cache-Control" = Option<String>, Header, description = "`no-cache` has every call computed, as \
            `options.reuse` = false does (RFC 9111)"),
    ),
    request_body = wire::NamedRun,
    responses(
        (status = 202, description = "Accepted, and not ended yet", body = wire::Run,
            headers(("Location" = String), ("Preference-Applied" = Option<String>))),
        (status = 200, description = "It was accepted before, or ended within the time waited",
            body = wire::Run, headers(("Location" = String), ("Preference-Applied" = Option<String>))),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<415>, Refused<422>, Refused<429>,
        Refused<503>, Refused<507>
    ))]
pub(super) async fn create_as(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
    Wait(wait): Wait,
    ComputesAnew(anew): ComputesAnew,
    deed: Deed,
    JsonBody(document, permit): JsonBody<wire::NamedRun>,
) -> Result<Response, Refusal> {
    // Lists and cursors go by id: it has to begin with a time.
    if id.uuid().get_version_num() != 7 {
        return Err(wrong("id", "a UUID of version 7 (RFC 9562)"));
    }
    let pipeline = selector(&document.pipeline).ok_or_else(|| Refusal::not_found("pipeline"))?;
    let mut new = document.request().into_engine(pipeline);
    new.reuse &= !anew;
    new.awaited = wait.is_some();
    let submitted = api.engine.intake.submit_as(&principal, id, new).await?;
    // Not held while the end of the run is waited for.
    drop(permit);
    let is_known = submitted.is_known;
    let run = stored(&deed, submitted, wait.is_some()).await?;
    let answer = accepted(&api, &principal, run, wait).await?;
    Ok(if is_known { (StatusCode::OK, answer).into_response() } else { answer })
}

/// The run once it is durable and recorded; where its end is `awaited`, it may be recorded yet.
async fn stored(deed: &Deed, submitted: Accepted, awaited: bool) -> Result<Run, Refusal> {
    deed.is_about(submitted.run.id);
    deed.says(&submitted.run.plugin);
    if awaited {
        deed.done_meanwhile();
    }
    let run = submitted.stored().await.inspect_err(|_| deed.undone())?;
    if !awaited {
        deed.done().await;
    }
    Ok(run)
}

/// The answer to who created `run`, and perhaps waits for its end.
async fn accepted(
    api: &Api,
    principal: &Principal,
    run: Run,
    wait: Option<Duration>,
) -> Result<Response, Refusal> {
    let location = [(header::LOCATION, format!("/v1/runs/{}", run.id))];
    let Some(time) = wait else {
        return Ok((StatusCode::ACCEPTED, location, Json(wire::Run::from(run))).into_response());
    };
    let id = run.id;
    drop(run);
    let run = wait_for(api, principal, id, time).await?;
    let status = if run.state.is_end() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let applied = [(HeaderName::from_static("preference-applied"), applied(time))];
    Ok((status, location, applied, Json(wire::Run::from(run))).into_response())
}

/// The run once it has ended, or as it is after `time` or when the server stops.
async fn wait_for(api: &Api, principal: &Principal, id: RunId, time: Duration) -> Result<Run, Refusal> {
    let run = tokio::select! {
        run = api.engine.reader.wait(principal, id, time) => run?,
        () = api.draining.cancelled() => api.engine.reader.run(principal, id).await?,
    };
    run.ok_or_else(|| Refusal::not_found("run"))
}

pub(super) fn optional<T>(name: &str, text: Option<&str>) -> Result<Option<T>, Refusal>
where
    T: std::str::FromStr<Err: ToString>,
{
    text.map(|text| text.parse().map_err(|rule: T::Err| wrong(name, &rule.to_string()))).transpose()
}

pub(super) fn wrong(name: &str, rule: &str) -> Refusal {
    Refusal::new(ProblemKind::ParamsInvalid, format!("`{name}`: {rule}")).at(name)
}

/// What of a run to show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    plots: Option<String>,
}

/// Show a run
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs", operation_id = "showRun",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("plots" = Option<String>, Query, description = "`omit` leaves out the numbers of its plots, which \
            `GET /v1/runs/{id}/plots` has"),
    ),
    responses((status = 200, description = "The run", body = wire::Run), Refused<404>, Refused<422>))]
pub(super) async fn show(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
    Asked(shown): Asked<Shown>,
) -> Result<Json<wire::Run>, Refusal> {
    let omits = match shown.plots.as_deref() {
        None => false,
        Some("omit") => true,
        Some(_) => return Err(wrong("plots", "`omit`, or nothing")),
    };
    let run = api.engine.reader.run(&principal, id).await?;
    let mut run = wire::Run::from(run.ok_or_else(|| Refusal::not_found("run"))?);
    if omits {
        run.report.iter_mut().for_each(wire::Report::omit_numbers);
    }
    Ok(Json(run))
}

/// Name and label a run
///
/// Changes its name and its labels and nothing else, also after its end. What is absent stays, what is null goes
/// (RFC 7396).
#[utoipa::path(patch, path = "/v1/runs/{id}", tag = "runs", operation_id = "describeRun",
    params(("id" = uuid::Uuid, Path, description = "The run")),
    request_body(content((wire::RunPatch = "application/merge-patch+json"), (wire::RunPatch = "application/json"))),
    responses(
        (status = 200, description = "The run, without its documents", body = wire::RunSummary),
        Refused<400>, Refused<404>, Refused<413>, Refused<415>, Refused<422>
    ))]
pub(super) async fn describe(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
    MergePatch(patch, _held): MergePatch<wire::RunPatch>,
) -> Result<Json<wire::RunSummary>, Refusal> {
    Ok(Json(api.engine.intake.describe(&principal, id, patch.into()).await?.into()))
}

/// Cancel a run
///
/// Its containers are stopped and removed. Asking again is fine, also once it is cancelled.
#[utoipa::path(post, path = "/v1/runs/{id}/cancel", tag = "runs", operation_id = "cancelRun",
    params(("id" = uuid::Uuid, Path, description = "The run")),
    responses(
        (status = 202, description = "The end is asked for", body = wire::Run),
        Refused<404>, Refused<409>
    ))]
pub(super) async fn cancel(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
) -> Result<impl axum::response::IntoResponse, Refusal> {
    find(&api, &principal, id).await?;
    let run = api.engine.intake.cancel(&principal, id).await?;
    Ok((StatusCode::ACCEPTED, Json(wire::Run::from(run))))
}

/// The run `id`, without its documents.
pub(super) async fn find(api: &Api, principal: &Principal, id: RunId) -> Result<RunSummary, Refusal> {
    api.engine.reader.run_summary(principal, id).await?.ok_or_else(|| Refusal::not_found("run"))
}
