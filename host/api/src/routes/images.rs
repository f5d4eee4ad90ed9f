//! The operator's images.

use std::time::Duration;

use axum::Json;
use axum::extract::State;

use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{ImageList, ProblemKind};

const PATIENCE: Duration = Duration::from_secs(10);

/// List images
///
/// The logical names that plugins may use, and whether Docker has what they stand for.
#[utoipa::path(get, path = "/v1/images", tag = "system", operation_id = "listImages",
    responses((status = 200, description = "The images", body = ImageList), Refused<503>))]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<ImageList>, Refusal> {
    let late = |_| Refusal::new(ProblemKind::DockerUnavailable, "Docker does not answer in time");
    let images = tokio::time::timeout(PATIENCE, api.engine.catalog.images()).await.map_err(late)??;
    Ok(Json(images.into()))
}
