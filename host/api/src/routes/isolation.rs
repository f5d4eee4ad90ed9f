//! What keeps the calls of a plugin from each other.

use axum::extract::State;
use axum::http::StatusCode;
use semver::Version;
use simulay_model::PluginName;

use super::plugins::of_version;
use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{JsonBody, Segments};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::NewIsolation;

/// Say what keeps the calls of a plugin version from each other
///
/// Without it each has a container of its own. With `process`, calls of one account follow each other in a container,
/// which is made clean in between: a program that its image can fork starts in milliseconds. Runs that are taken up later
/// go by it. A plugin cannot ask for it, and another version has it only when that is said of it as well.
#[utoipa::path(put, path = "/v1/plugins/{name}/{version}/isolation", tag = "plugins", operation_id = "setPluginIsolation",
    params(
        ("name" = String, Path, description = "Name of the plugin"),
        ("version" = String, Path, description = "Semantic version"),
    ),
    request_body = NewIsolation,
    responses(
        (status = 204, description = "It is so"),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<415>, Refused<422>
    ))]
pub(super) async fn set(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments((name, version)): Segments<(PluginName, Version)>,
    deed: Deed,
    JsonBody(asked, _held): JsonBody<NewIsolation>,
) -> Result<StatusCode, Refusal> {
    deed.says(asked.isolation);
    let isolation = asked.isolation.into();
    let set = api.engine.catalog.set_isolation(&principal, &name, &version, isolation).await;
    set.map(|_| StatusCode::NO_CONTENT).map_err(of_version)
}
