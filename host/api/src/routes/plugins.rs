//! Plugins: what was uploaded.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use semver::Version;
use serde::Deserialize;
use simulay_engine::{Activation, EngineError, LifeError, Selector, Submission};
use simulay_model::{self as model, Digest, PluginName, Principal};
use simulay_store::{Added, StoreError};
use tokio::sync::SemaphorePermit;

use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::body::{Bound, Pieces, check_media_type, check_plain};
use crate::caller::Caller;
use crate::concurrency::Permit;
use crate::extract::{Asked, Segments};
use crate::idempotency::{self, Answer, Keyed, answered};
use crate::middleware::RequestId;
use crate::pace::Pace;
use crate::prefer::Wait;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{Plugin, PluginList, ProblemKind};

/// Time an upload waits for its place.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the audit log says of what happens later, if at all.
const ONCE_CHECKED: &str = "once its examples agree";

/// How an upload arrives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrival {
    state: Option<ArrivalState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ArrivalState {
    Pending,
}

impl Arrival {
    /// What the request with these extensions asks of the catalogue.
    pub(super) fn submission(&self, extensions: &Extensions) -> Submission {
        let id = extensions.get::<RequestId>().map(|RequestId(id)| id.clone()).unwrap_or_default();
        Submission { pending: self.state.is_some(), id }
    }
}

/// The right to hold a component in memory.
pub(super) struct Place<'a> {
    _waiting: Permit,
    _permit: SemaphorePermit<'a>,
}

/// Waits for a place.
pub(super) async fn place(api: &Api, peer: Peer) -> Result<Place<'_>, Refusal> {
    let waiting = api.uploaders.take(peer)?;
    Ok(Place { _waiting: waiting, _permit: permit(api).await? })
}

async fn permit(api: &Api) -> Result<SemaphorePermit<'_>, Refusal> {
    let busy = || Refusal::new(ProblemKind::RateLimited, "too many components are being uploaded");
    let permit = tokio::time::timeout(PATIENCE, api.uploads.acquire()).await;
    permit.map_err(|_| busy())?.map_err(Refusal::internal)
}

/// How large a component of an account may be.
pub(super) async fn bound(api: &Api, principal: &Principal) -> Result<Bound, Refusal> {
    let quotas = api.engine.quotas.of(&principal.account).await?;
    let bound = Bound::payload(api.settings.max_component_bytes, "server.max_component_bytes");
    Ok(bound.within(&quotas))
}

/// Upload a plugin
///
/// The body is a WebAssembly component that exports `simulay:plugin/pipeline`. A version is
/// immutable: other bytes under the same name and version are refused, the same bytes change
/// nothing. The operator's policy decides whether it is active or pending. With `state=pending`
/// it is pending in any case, until it is activated: e.g. once its examples agree.
#[utoipa::path(post, path = "/v1/plugins", tag = "plugins", operation_id = "uploadPlugin",
    params(
        ("state" = Option<String>, Query, description = "`pending` keeps a new version from being active at once"),
        ("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING),
    ),
    request_body(content = String, content_type = "application/wasm", description = "The component"),
    responses(
        (status = 201, description = "The version is new", body = Plugin, headers(("Location" = String))),
        (status = 200, description = "The same bytes were there", body = Plugin),
        Refused<400>, Refused<409>, Refused<413>, Refused<415>, Refused<422>, Refused<429>, Refused<507>
    ))]
pub(super) async fn upload(
    State(api): State<Api>,
    peer: Peer,
    Asked(arrival): Asked<Arrival>,
    Caller(principal): Caller,
    keyed: Keyed,
    deed: Deed,
    request: Request,
) -> Result<impl IntoResponse, Refusal> {
    let (Parts { headers, extensions, .. }, body) = request.into_parts();
    check_plain(&headers)?;
    check_media_type(&headers, "application/wasm")?;
    let bound = bound(&api, &principal).await?;
    let pieces = Pieces::new(&headers, body, bound, Pace::of(&api.settings))?;
    let _place = place(&api, peer).await?;
    let component = pieces.collect().await?;
    let sha256 = Digest::of(&component);
    // What the component is called, only who takes it in knows.
    deed.is_about(sha256);
    let work = take(&api, &principal, component, arrival.submission(&extensions), &deed);
    answered(&api, &principal, keyed.once(|| sha256), work).await
}

/// Hands a component to the catalogue.
pub(super) async fn take(
    api: &Api,
    principal: &Principal,
    component: Bytes,
    asked: Submission,
    deed: &Deed,
) -> Result<Answer, Refusal> {
    let (plugin, added) = api.engine.catalog.submit(principal, component, asked).await?;
    deed.is_about(format!("{}@{}", plugin.manifest.name, plugin.manifest.version));
    let location = format!("/v1/plugins/{}/{}", plugin.manifest.name, plugin.manifest.version);
    let status = match added {
        Added::New => StatusCode::CREATED,
        Added::Known => StatusCode::OK,
    };
    told(api, principal, status, Some(location), plugin).await
}

/// List plugins
///
/// All versions of all plugins, retired ones too.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", operation_id = "listPlugins",
    responses((status = 200, description = "The plugins", body = PluginList)))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
) -> Result<Json<PluginList>, Refusal> {
    Ok(Json(api.engine.catalog.plugins(&principal).await?.into_iter().collect()))
}

/// List the versions of a plugin
#[utoipa::path(get, path = "/v1/plugins/{name}", tag = "plugins", operation_id = "listPluginVersions",
    params(("name" = String, Path, description = "Name of the plugin")),
    responses((status = 200, description = "The versions", body = PluginList), Refused<404>))]
pub(super) async fn versions(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(name): Segments<PluginName>,
) -> Result<Json<PluginList>, Refusal> {
    let plugins = api.engine.catalog.plugins(&principal).await?.into_iter();
    let list: PluginList = plugins.filter(|plugin| plugin.name == name).collect();
    if list.plugins.is_empty() { Err(Refusal::not_found("plugin")) } else { Ok(Json(list)) }
}

/// Show a version of a plugin
///
/// Retired or not: what it says of itself, what it asks for beyond the version before and what it
/// gets here, where it comes from, and what happened to it.
#[utoipa::path(get, path = "/v1/plugins/{name}/{version}", tag = "plugins", operation_id = "showPlugin",
    params(
        ("name" = String, Path, description = "Name of the plugin"),
        ("version" = String, Path, description = "Semantic version"),
    ),
    responses((status = 200, description = "The version", body = Plugin), Refused<404>))]
pub(super) async fn show(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments((name, version)): Segments<(PluginName, Version)>,
) -> Result<Json<Plugin>, Refusal> {
    let selector = Selector { name, version: Some(version) };
    let plugin = api.engine.catalog.plugin(&principal, &selector).await?;
    details(&api, &principal, plugin.ok_or_else(|| Refusal::not_found("plugin version"))?).await.map(Json)
}

/// Retire a version of a plugin
///
/// It takes no new runs from then on. Its runs stay, and those at work go on.
#[utoipa::path(delete, path = "/v1/plugins/{name}/{version}", tag = "plugins", operation_id = "retirePlugin",
    params(
        ("name" = String, Path, description = "Name of the plugin"),
        ("version" = String, Path, description = "Semantic version"),
    ),
    responses((status = 204, description = "It is retired"), Refused<404>))]
pub(super) async fn retire(
    State(api): State<Api>,
    Segments((name, version)): Segments<(PluginName, Version)>,
    Caller(principal): Caller,
) -> Result<StatusCode, Refusal> {
    api.engine.catalog.retire(&principal, &name, &version).await.map_err(|error| of_version(error.into()))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn details(api: &Api, principal: &Principal, plugin: model::Plugin) -> Result<Plugin, Refusal> {
    Ok(api.engine.catalog.details(principal, plugin).await?.into())
}

/// What an activation waits for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    check: Option<GateKind>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum GateKind {
    Examples,
}

/// Activate a version of a plugin
///
/// It takes new runs from then on. With `check=examples` its examples are run first, and it stays
/// as it is when one disagrees. Without `Prefer: wait=SECONDS`, a check is answered with 202: the
/// plugin's `check` tells how it goes.
#[utoipa::path(post, path = "/v1/plugins/{name}/{version}/activate", tag = "plugins", operation_id = "activatePlugin",
    params(
        ("name" = String, Path, description = "Name of the plugin"),
        ("version" = String, Path, description = "Semantic version"),
        ("check" = Option<String>, Query, description = "`examples` runs the examples first"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` waits for the check (RFC 7240)"),
        ("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING),
    ),
    responses(
        (status = 200, description = "It is active", body = Plugin),
        (status = 202, description = "Its examples are being run", body = Plugin),
        Refused<400>, Refused<404>, Refused<409>, Refused<422>, Refused<429>
    ))]
pub(super) async fn activate(
    State(api): State<Api>,
    Segments(version): Segments<(PluginName, Version)>,
    Asked(gate): Asked<Gate>,
    Caller(principal): Caller,
    Wait(wait): Wait,
    deed: Deed,
    keyed: Keyed,
) -> Result<Answer, Refusal> {
    let asked = Activation { approve: false, check: gate.check.is_some() };
    if asked.check {
        deed.says(ONCE_CHECKED);
    }
    let work = make_active(&api, &principal, version, asked, wait);
    answered(&api, &principal, keyed.once(|| Digest::of(b"")), work).await
}

/// Approve a version of a plugin
///
/// Grants what it asks for, and activates it as `activate` does.
#[utoipa::path(post, path = "/v1/plugins/{name}/{version}/approve", tag = "plugins", operation_id = "approvePlugin",
    params(
        ("name" = String, Path, description = "Name of the plugin"),
        ("version" = String, Path, description = "Semantic version"),
        ("check" = Option<String>, Query, description = "`examples` runs the examples first"),
        ("Prefer" = Option<String>, Header, description = "`wait=SECONDS` waits for the check (RFC 7240)"),
        ("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING),
    ),
    responses(
        (status = 200, description = "It is active", body = Plugin),
        (status = 202, description = "Its examples are being run", body = Plugin),
        Refused<400>, Refused<404>, Refused<409>, Refused<422>, Refused<429>
    ))]
pub(super) async fn approve(
    State(api): State<Api>,
    Segments(version): Segments<(PluginName, Version)>,
    Asked(gate): Asked<Gate>,
    Caller(principal): Caller,
    Wait(wait): Wait,
    deed: Deed,
    keyed: Keyed,
) -> Result<Answer, Refusal> {
    let asked = Activation { approve: true, check: gate.check.is_some() };
    if asked.check {
        deed.says(ONCE_CHECKED);
    }
    let work = make_active(&api, &principal, version, asked, wait);
    answered(&api, &principal, keyed.once(|| Digest::of(b"")), work).await
}

async fn make_active(
    api: &Api,
    principal: &Principal,
    (name, version): (PluginName, Version),
    asked: Activation,
    wait: Option<Duration>,
) -> Result<Answer, Refusal> {
    let mut plugin =
        api.engine.catalog.activate(principal, &name, &version, asked).await.map_err(of_version)?;
    if let Some(time) = wait.filter(|_| asked.check) {
        plugin = tokio::select! {
            plugin = api.engine.catalog.checked(principal, &name, &version, time) => plugin?,
            () = api.draining.cancelled() => plugin,
        };
    }
    let over = plugin.check.as_ref().filter(|_| asked.check).map(|check| check.disagreements.clone());
    match over {
        Some(None) => told(api, principal, StatusCode::ACCEPTED, None, plugin).await,
        Some(Some(found)) if !found.is_empty() => Err(disagree(found)),
        _ => told(api, principal, StatusCode::OK, None, plugin).await,
    }
}

async fn told(
    api: &Api,
    principal: &Principal,
    status: StatusCode,
    location: Option<String>,
    plugin: model::Plugin,
) -> Result<Answer, Refusal> {
    Answer::new(status, location, &details(api, principal, plugin).await?)
}

pub(super) fn of_version(error: LifeError) -> Refusal {
    match error {
        LifeError::Engine(EngineError::Records(StoreError::NotFound)) => Refusal::not_found("plugin version"),
        other => other.into(),
    }
}

fn disagree(found: Vec<model::Disagreement>) -> Refusal {
    let first = found.first().map(|one| one.message.clone()).unwrap_or_default();
    let mut refusal = Refusal::new(ProblemKind::ExamplesDisagree, first);
    refusal.disagreements = found.into_iter().map(Into::into).collect();
    refusal
}
