//! What the caller is told.

use schemars::JsonSchema;
use serde::Serialize;

/// The motion, beside the exact one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Damping over critical damping.
    pub damping_ratio: f64,
    /// Time from one maximum to the next.
    #[schemars(extend("x-unit" = "s"))]
    pub period_s: f64,
    /// Displacement at the end.
    #[schemars(extend("x-unit" = "m"))]
    pub final_displacement_m: f64,
    /// Largest difference from the exact motion.
    #[schemars(extend("x-unit" = "m"))]
    pub max_error_m: f64,
}
