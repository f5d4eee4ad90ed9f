//! The routes, one file per resource. Handlers translate and do nothing else.

mod archives;
mod artifacts;
mod calls;
mod documents;
mod events;
mod images;
mod inputs;
mod logs;
mod metrics;
mod pipelines;
mod plugins;
mod probes;
mod runs;
mod system;

use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::Api;
use crate::{ApiSettings, accept, deadline};

/// Every route with its documentation.
pub(crate) fn all(settings: &ApiSettings) -> OpenApiRouter<Api> {
    let quick = from_fn_with_state(settings.request_timeout, deadline::bounded);
    let json = from_fn_with_state("application/json", accept::check);
    OpenApiRouter::new()
        .merge(quick_json().route_layer(json.clone()).route_layer(quick.clone()))
        .merge(waiting_json(settings).route_layer(json.clone()))
        .merge(uploads().route_layer(json))
        .merge(streams())
        .merge(plain().route_layer(quick))
}

fn quick_json() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::versions))
        .routes(routes!(plugins::show, plugins::retire))
        .routes(routes!(pipelines::list))
        .routes(routes!(pipelines::show))
        .routes(routes!(pipelines::preview))
        .routes(routes!(pipelines::roll_back))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(runs::cancel))
        .routes(routes!(calls::list))
        .routes(routes!(artifacts::list))
        .routes(routes!(images::list))
        .routes(routes!(inputs::missing))
        .routes(routes!(system::show))
        .routes(routes!(probes::health))
        .routes(routes!(probes::readiness))
}

fn waiting_json(settings: &ApiSettings) -> OpenApiRouter<Api> {
    let waiting = from_fn_with_state(settings.request_timeout, deadline::waiting);
    OpenApiRouter::new()
        .routes(routes!(runs::create))
        .routes(routes!(runs::create_as))
        .routes(routes!(plugins::activate))
        .routes(routes!(plugins::approve))
        .route_layer(waiting)
}

/// Bounded by the pace of their bodies.
fn uploads() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(plugins::upload))
        .routes(routes!(inputs::upload))
        .routes(routes!(archives::upload))
}

/// Bounded by the pace of their readers.
fn streams() -> OpenApiRouter<Api> {
    let events = from_fn_with_state("text/event-stream", accept::check);
    let text = from_fn_with_state("text/plain", accept::check);
    OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(events::follow)).route_layer(events))
        .merge(OpenApiRouter::new().routes(routes!(logs::follow)).route_layer(text))
        .routes(routes!(artifacts::download))
}

fn plain() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(inputs::probe))
        .routes(routes!(metrics::show))
        .routes(routes!(documents::openapi))
        .routes(routes!(documents::page))
        .routes(routes!(documents::script))
        .routes(routes!(documents::style))
}
