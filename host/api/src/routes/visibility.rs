//! Who sees a plugin.

use axum::extract::State;
use axum::http::StatusCode;
use simulay_model::PluginName;

use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{JsonBody, Segments};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{NewVisibility, ProblemKind};

/// Say who sees a plugin
///
/// With all its versions, also those that are still to come. Whoever sees it sees its versions and runs its pipeline;
/// its owner and operators alone change it. Runs that were accepted go on whatever is said later.
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
    let broken = |rule| Refusal::new(ProblemKind::ParamsInvalid, rule).at("/accounts");
    let visibility = asked.read().map_err(broken)?;
    api.engine.catalog.set_visibility(&principal, &name, visibility).await?;
    Ok(StatusCode::NO_CONTENT)
}
