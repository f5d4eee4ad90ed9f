//! The server itself.

use axum::Json;
use axum::extract::State;
use simulay_model::{Principal, Role};

use crate::ApiSettings;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::state::Api;
use crate::wire::{Lack, Limits, Node, Runner, System};

/// Show the server
///
/// Its version, the bounds of requests and what is going on: of your own, and for operators of all.
#[utoipa::path(get, path = "/v1/system", tag = "system", operation_id = "showSystem",
    responses((status = 200, description = "The server", body = System)))]
pub(super) async fn show(State(api): State<Api>, Caller(principal): Caller) -> Result<Json<System>, Refusal> {
    let stats = api.engine.meter.load(&principal).await?.into();
    let Surroundings { name, runners, nodes, missing } = surroundings(&api, &principal).await;
    Ok(Json(System {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: limits(&api.settings),
        stats,
        clock_jump: api.engine.clock_jump().map(Into::into),
        name,
        runners,
        nodes,
        missing,
    }))
}

/// What is told to operators only.
#[derive(Default)]
struct Surroundings {
    name: Option<String>,
    runners: Vec<Runner>,
    nodes: Vec<Node>,
    missing: Vec<Lack>,
}

/// What the server works with, for whoever looks after it.
async fn surroundings(api: &Api, principal: &Principal) -> Surroundings {
    if principal.role < Role::Operator {
        return Surroundings::default();
    }
    let engine = &api.engine;
    let (runners, nodes, lacks) = tokio::join!(engine.runners(), engine.nodes(), engine.readiness());
    Surroundings {
        name: api.settings.name.clone(),
        runners: runners.into_iter().map(Into::into).collect(),
        nodes: nodes.into_iter().map(Into::into).collect(),
        missing: lacks.into_iter().map(Into::into).collect(),
    }
}

const fn limits(settings: &ApiSettings) -> Limits {
    Limits {
        max_component_bytes: settings.max_component_bytes,
        max_input_bytes: settings.max_input_bytes,
        max_archive_files: settings.max_archive_files,
        max_archive_bytes: settings.max_archive_bytes,
        max_json_bytes: settings.max_json_bytes,
        max_wait_s: ApiSettings::MAX_WAIT.as_secs(),
        max_page: ApiSettings::MAX_PAGE,
    }
}
