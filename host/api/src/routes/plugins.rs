//! Plugins: what was uploaded.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use semver::Version;
use simulay_engine::Selector;
use simulay_model::PluginName;
use simulay_store::Added;

use crate::body::{Pieces, check_media_type, check_plain};
use crate::extract::Segments;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{Plugin, PluginList, ProblemKind};

/// Time an upload waits for its place.
const PATIENCE: Duration = Duration::from_secs(120);

/// Upload a plugin
///
/// The body is a WebAssembly component that exports `simulay:plugin/pipeline`. A version is
/// immutable: other bytes under the same name and version are refused, the same bytes change
/// nothing (but take a retirement back).
#[utoipa::path(post, path = "/v1/plugins", tag = "plugins", operation_id = "uploadPlugin",
    request_body(content = String, content_type = "application/wasm", description = "The component"),
    responses(
        (status = 201, description = "The version is new", body = Plugin, headers(("Location" = String))),
        (status = 200, description = "The same bytes were there", body = Plugin),
        Refused<409>, Refused<413>, Refused<415>, Refused<422>, Refused<429>, Refused<507>
    ))]
pub(super) async fn upload(
    State(api): State<Api>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Refusal> {
    check_plain(&headers)?;
    check_media_type(&headers, "application/wasm")?;
    let settings = &api.settings;
    let (limit, stall) = (settings.max_component_bytes, settings.stall_timeout);
    let pieces = Pieces::new(&headers, body, limit, ProblemKind::PayloadTooLarge, stall)?;
    let busy = || Refusal::new(ProblemKind::RateLimited, "too many components are being uploaded");
    let place = tokio::time::timeout(PATIENCE, api.uploads.acquire()).await;
    let _place = place.map_err(|_| busy())?.map_err(Refusal::internal)?;
    let (plugin, added) = api.engine.upload(pieces.collect().await?).await?;
    let location = format!("/v1/plugins/{}/{}", plugin.manifest.name, plugin.manifest.version);
    let status = match added {
        Added::New => StatusCode::CREATED,
        Added::Known => StatusCode::OK,
    };
    Ok((status, [(header::LOCATION, location)], Json(Plugin::from(plugin))))
}

/// List plugins
///
/// All versions of all plugins, retired ones too.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", operation_id = "listPlugins",
    responses((status = 200, description = "The plugins", body = PluginList)))]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<PluginList>, Refusal> {
    Ok(Json(api.engine.plugins().await?.into_iter().collect()))
}

/// List the versions of a plugin
#[utoipa::path(get, path = "/v1/plugins/{name}", tag = "plugins", operation_id = "listPluginVersions",
    params(("name" = String, Path, description = "Name of the plugin")),
    responses((status = 200, description = "The versions", body = PluginList), Refused<404>))]
pub(super) async fn versions(
    State(api): State<Api>,
    Segments(name): Segments<PluginName>,
) -> Result<Json<PluginList>, Refusal> {
    let plugins = api.engine.plugins().await?.into_iter();
    let list: PluginList = plugins.filter(|plugin| plugin.manifest.name == name).collect();
    if list.plugins.is_empty() { Err(Refusal::not_found("plugin")) } else { Ok(Json(list)) }
}

/// Show a version of a plugin
///
/// With its manifest, retired or not.
#[utoipa::path(get, path = "/v1/plugins/{name}/{version}", tag = "plugins", operation_id = "showPlugin",
    params(
        ("name" = String, Path, description = "Name of the plugin"),
        ("version" = String, Path, description = "Semantic version"),
    ),
    responses((status = 200, description = "The version", body = Plugin), Refused<404>))]
pub(super) async fn show(
    State(api): State<Api>,
    Segments((name, version)): Segments<(PluginName, Version)>,
) -> Result<Json<Plugin>, Refusal> {
    let plugin = api.engine.plugin(&Selector { name, version: Some(version) }).await?;
    plugin.map(|plugin| Json(plugin.into())).ok_or_else(|| Refusal::not_found("plugin version"))
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
) -> Result<StatusCode, Refusal> {
    let there = api.engine.retire(&name, &version).await?;
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::not_found("plugin version")) }
}
