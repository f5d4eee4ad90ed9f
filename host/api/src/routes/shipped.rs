//! Plugins that lie beside the server: those who may upload need no file of their own.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use simulay_model::Digest;

use super::plugins::{self, Arrival};
use crate::address_limit::Peer;
use crate::audit::Deed;
use crate::caller::Caller;
use crate::extract::{Asked, Segments};
use crate::idempotency::{self, Keyed, answered};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{Plugin, ShippedPluginList};

/// List the plugins that the operator offers
///
/// Components that lie in the folder `plugins.shipped`; none where that is not set.
#[utoipa::path(get, path = "/v1/shipped-plugins", tag = "plugins", operation_id = "listShippedPlugins",
    responses((status = 200, description = "The plugins", body = ShippedPluginList), Refused<429>, Refused<503>))]
pub(super) async fn list(State(api): State<Api>, peer: Peer) -> Result<Json<ShippedPluginList>, Refusal> {
    let _place = plugins::place(&api, peer).await?;
    Ok(Json(ShippedPluginList { plugins: api.shipped.list().await? }))
}

/// Upload a plugin that the operator offers
///
/// As if the bytes of this file were sent to `POST /v1/plugins`, with the same answers.
#[utoipa::path(post, path = "/v1/shipped-plugins/{file}", tag = "plugins", operation_id = "uploadShippedPlugin",
    params(
        ("file" = String, Path, description = "Name of the file, as the list tells it"),
        ("state" = Option<String>, Query, description = "`pending` keeps a new version from being active at once"),
        ("Idempotency-Key" = Option<String>, Header, description = idempotency::MEANING),
    ),
    responses(
        (status = 201, description = "The version is new", body = Plugin, headers(("Location" = String))),
        (status = 200, description = "The same bytes were there", body = Plugin),
        Refused<400>, Refused<404>, Refused<409>, Refused<413>, Refused<422>, Refused<429>, Refused<503>, Refused<507>
    ))]
pub(super) async fn upload(
    State(api): State<Api>,
    Segments(file): Segments<String>,
    Asked(arrival): Asked<Arrival>,
    Caller(principal): Caller,
    keyed: Keyed,
    deed: Deed,
    Parts { extensions, .. }: Parts,
) -> Result<impl IntoResponse, Refusal> {
    let bound = plugins::bound(&api, &principal).await?;
    let _place = plugins::place(&api, Peer::of(&extensions)).await?;
    let component = api.shipped.component(file).await?.ok_or_else(|| Refusal::not_found("shipped plugin"))?;
    bound.check(component.len() as u64)?;
    let sha256 = Digest::of(&component);
    deed.is_about(sha256);
    let work = plugins::take(&api, &principal, component, arrival.submission(&extensions), &deed);
    answered(&api, &principal, keyed.once(|| sha256), work).await
}
