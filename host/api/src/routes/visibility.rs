//! Who sees a plugin.

use axum::extract::State;
use axum::http::StatusCode;
use simulay_model::PluginName;

use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{JsonBody, Segments};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::NewVisibility;

/// Say who sees a plugin
///
/// With all its versions, also those that are still to come. Of a public one everybody sees the versions and runs the
/// pipeline; its owner and operators alone change it.
#[utoipa::path(put, path = "/v1/plugins/{name}/visibility", tag = "plugins", operation_id = "setPluginVisibility",
    params(("name" = String, Path, description = "Name of the plugin")),
    request_body = NewVisibility,
    responses(
        (status = 204, description = "It is so"),
        Refused<400>, Refused<404>, Refused<413>, Refused<415>, Refused<422>
    ))]
pub(super) async fn set(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(name): Segments<PluginName>,
    deed: Deed,
    JsonBody(asked, _held): JsonBody<NewVisibility>,
) -> Result<StatusCode, Refusal> {
    deed.says(asked.visibility);
    api.engine.catalog.set_visibility(&principal, &name, asked.visibility.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
