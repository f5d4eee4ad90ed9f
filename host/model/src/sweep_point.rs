//! What ties a run to the sweep that made it.

use serde::{Deserialize, Serialize};

use crate::SweepId;

/// A point of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SweepPoint {
    /// Which sweep.
    pub sweep: SweepId,
    /// Its place in the sweep, from 0.
    pub point: u32,
    /// How many runs the point had before this one: the last of them counts, whatever clocks said meanwhile.
    #[serde(default)]
    pub attempt: u32,
}
