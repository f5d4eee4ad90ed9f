//! Pipelines: what can be run.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use simulay_engine::{Beginning, RolledBack};
use simulay_model::{Digest, Plugin, PluginSummary};

use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{JsonBody, Pipeline};
use crate::idempotency::{self, Answer, Keyed};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire;

/// List pipelines
///
/// Of each pipeline, the version that a new run gets.
#[utoipa::path(get, path = "/v1/pipelines", tag = "pipelines", operation_id = "listPipelines",
    responses((status = 200, description = "The pipelines", body = wire::PipelineList)))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
) -> Result<Json<wire::PipelineList>, Refusal> {
    let mut plugins = api.engine.catalog.plugins(&principal).await?;
    plugins.retain(PluginSummary::is_servable);
    // The highest version of each comes first.
    plugins.dedup_by(|next, highest| next.name == highest.name);
    let pipelines = plugins.into_iter().map(Into::into).collect();
    Ok(Json(wire::PipelineList { pipelines }))
}

/// Show a pipeline
///
/// Description, JSON Schemas of parameters and outcome, images and worked examples: all that is
/// needed to write a request.
#[utoipa::path(get, path = "/v1/pipelines/{pipeline}", tag = "pipelines", operation_id = "showPipeline",
    params(("pipeline" = String, Path, description = "`name` for the latest version, or `name@version`")),
    responses((status = 200, description = "The pipeline", body = wire::Pipeline), Refused<404>))]
pub(super) async fn show(
    State(api): State<Api>,
    Caller(principal): Caller,
    Pipeline(selector): Pipeline,
) -> Result<Json<wire::Pipeline>, Refusal> {
    let plugin = api.engine.catalog.plugin(&principal, &selector).await?;
    plugin.map(|plugin| Json(plugin.into())).ok_or_else(|| Refusal::not_found("pipeline"))
}

/// Preview a run
///
/// What a run of the same request would do first: the exact container calls of its first step.
/// Nothing is started or stored. What would end the run there is the refusal here.
#[utoipa::path(post, path = "/v1/pipelines/{pipeline}/preview", tag = "pipelines", operation_id = "previewRun",
    params(("pipeline" = String, Path, description = "`name` for the latest version, or `name@version`")),
    request_body = wire::NewRun,
    responses(
        (status = 200, description = "What it would do", body = wire::Preview),
        Refused<400>, Refused<404>, Refused<413>, Refused<415>, Refused<422>, Refused<429>, Refused<503>
    ))]
pub(super) async fn preview(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Pipeline(selector): Pipeline,
    JsonBody(new, _held): JsonBody<wire::NewRun>,
) -> Result<Json<wire::Preview>, Refusal> {
    let _permit = api.previews.take(peer)?;
    let planned = api.engine.intake.preview(&principal, new.into_engine(selector)).await?;
    Ok(Json(planned.into()))
}

/// Roll a pipeline back
///
/// The version that serves it is retired, and the active release before serves it. Runs at work
/// stay on their version. With `name@version`, only when that version serves it: then a repeated
/// request does not go back twice.
#[utoipa::path(post, path = "/v1/pipelines/{pipeline}/rollback", tag = "pipelines", operation_id = "rollBackPipeline",
    params(
        ("pipeline" = String, Path, description = "`name`, or `name@version` for the version to go back from"),
        ("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING),
    ),
    responses(
        (status = 200, description = "Which version serves it now", body = wire::RolledBack),
        Refused<400>, Refused<404>, Refused<409>, Refused<422>
    ))]
pub(super) async fn roll_back(
    State(api): State<Api>,
    Pipeline(selector): Pipeline,
    Caller(principal): Caller,
    deed: Deed,
    keyed: Keyed,
) -> Result<Answer, Refusal> {
    let (name, from) = (&selector.name, selector.version.as_ref());
    let Some(once) = keyed.once(|| Digest::of(b"")) else {
        return rolled_back(&api.engine.catalog.roll_back(&principal, name, from).await?, &deed);
    };
    let _at_work = match api.engine.intake.begin(&principal, &once).await? {
        Beginning::Again(outcome) => return Answer::read(&outcome),
        Beginning::First(at_work) => at_work,
    };
    let answer =
        |done: &RolledBack| rolled_back(done, &deed).and_then(|answer| answer.stored()).unwrap_or_default();
    rolled_back(&api.engine.catalog.roll_back_once(&principal, name, from, (&once, answer)).await?, &deed)
}

fn rolled_back(done: &RolledBack, deed: &Deed) -> Result<Answer, Refusal> {
    let version = |plugin: &Plugin| plugin.manifest.version.clone();
    let told = wire::RolledBack { from: version(&done.from), to: version(&done.to) };
    deed.says(format!("from {} to {}", told.from, told.to));
    Answer::new(StatusCode::OK, None, &told)
}
