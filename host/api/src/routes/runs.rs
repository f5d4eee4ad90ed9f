//! Runs: one execution of a pipeline for one request.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use simulay_engine::Named;
use simulay_model::{Digest, Principal, Run, RunId, RunSummary};
use simulay_store::RunQuery;

use crate::ApiSettings;
use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{Asked, JsonBody, KnownBody, Pipeline, Segments, selector};
use crate::idempotency::{self, Keyed};
use crate::prefer::{Wait, applied};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{self, ProblemKind};

const USUAL_PAGE: u32 = 20;

/// Start a run
///
/// The run is stored before the answer comes: it goes on whatever happens to this connection or
/// to the server. Follow it at `/v1/runs/{id}/events`, or wait for its end right here with
/// `Prefer: wait=SECONDS` (at most 300).
#[utoipa::path(post, path = "/v1/pipelines/{pipeline}/runs", tag = "runs", operation_id = "createRun",
    params(
        ("pipeline" = String, Path, description = "`name` for the latest version, or `name@version`"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` waits for the end (RFC 7240)"),
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
    Wait(wait): Wait,
    keyed: Keyed,
    deed: Deed,
    KnownBody { document, bytes, permit }: KnownBody<wire::NewRun>,
) -> Result<Response, Refusal> {
    let new = document.into_engine(selector);
    let once = keyed.once(|| Digest::of(&bytes));
    // Not held while the end of the run is waited for.
    drop(bytes);
    let run = match once {
        Some(once) => api.engine.intake.create_once(&principal, new, &once).await?,
        None => api.engine.intake.create(&principal, new).await?,
    };
    drop(permit);
    is_stored(&deed, &run).await;
    accepted(&api, &principal, run, wait).await
}

/// Start a run under an id of your choice
///
/// The id is a UUID of version 7. The same request again is answered with the same run and 200;
/// another request with the id of a run is refused, as not found when the run is another account's.
#[utoipa::path(put, path = "/v1/runs/{id}", tag = "runs", operation_id = "createNamedRun",
    params(
        ("id" = uuid::Uuid, Path, description = "The id of the run to be: a UUID of version 7"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` waits for the end (RFC 7240)"),
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
    deed: Deed,
    JsonBody(document, permit): JsonBody<wire::NamedRun>,
) -> Result<Response, Refusal> {
    // Lists and cursors go by id: it has to begin with a time.
    if id.uuid().get_version_num() != 7 {
        return Err(wrong("id", "a UUID of version 7 (RFC 9562)"));
    }
    let pipeline = selector(&document.pipeline).ok_or_else(|| Refusal::not_found("pipeline"))?;
    let new = document.request().into_engine(pipeline);
    let named = api.engine.intake.create_as(&principal, id, new).await?;
    // Not held while the end of the run is waited for.
    drop(permit);
    let (Named::New(run) | Named::Known(run)) = &named;
    is_stored(&deed, run).await;
    match named {
        Named::New(run) => accepted(&api, &principal, run, wait).await,
        Named::Known(run) => {
            Ok((StatusCode::OK, accepted(&api, &principal, run, wait).await?).into_response())
        }
    }
}

/// Records that `run` is created: its end may be waited for.
async fn is_stored(deed: &Deed, run: &Run) {
    deed.is_about(run.id);
    deed.says(&run.plugin);
    deed.done().await;
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

/// Which runs to list. Texts, so that what does not fit is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    pipeline: Option<String>,
    state: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl Filter {
    fn query(&self) -> Result<RunQuery, Refusal> {
        let state = optional("state", self.state.as_deref())?;
        let pipeline = optional("pipeline", self.pipeline.as_deref())?;
        let before = optional("cursor", self.cursor.as_deref())?;
        let limit = optional("limit", self.limit.as_deref())?.unwrap_or(USUAL_PAGE);
        if !(1..=ApiSettings::MAX_PAGE).contains(&limit) {
            return Err(wrong("limit", &format!("between 1 and {}", ApiSettings::MAX_PAGE)));
        }
        Ok(RunQuery { pipeline, state, before, limit })
    }
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

/// List runs
///
/// From the newest to the oldest, without their parameters and reports.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", operation_id = "listRuns",
    params(
        ("pipeline" = Option<String>, Query, description = "Only of this pipeline"),
        ("state" = Option<wire::RunState>, Query, description = "Only in this state"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Runs per page; 20 when absent"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of runs", body = wire::RunList), Refused<422>))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Asked(filter): Asked<Filter>,
) -> Result<Json<wire::RunList>, Refusal> {
    let query = filter.query()?;
    let page = query.limit as usize;
    // One more than asked for tells whether another page follows.
    let query = RunQuery { limit: query.limit + 1, ..query };
    let mut runs = api.engine.reader.runs(&principal, query).await?;
    let more = runs.len() > page;
    runs.truncate(page);
    let next_cursor = runs.last().filter(|_| more).map(|run| run.id.to_string());
    Ok(Json(wire::RunList { runs: runs.into_iter().map(Into::into).collect(), next_cursor }))
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
