//! What ties a run to the sweep that made it.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use utoipa::ToSchema;

/// A point of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SweepPoint {
    /// The sweep.
    #[schema(value_type = uuid::Uuid)]
    pub id: model::SweepId,
    /// Its place in the sweep, from 0.
    pub point: u32,
    /// Which attempt at the point, from 0: the last counts.
    #[serde(default)]
    pub attempt: u32,
}

impl From<model::SweepPoint> for SweepPoint {
    fn from(point: model::SweepPoint) -> Self {
        Self { id: point.sweep, point: point.point, attempt: point.attempt }
    }
}
