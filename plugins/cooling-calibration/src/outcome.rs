//! What the caller is told.

use schemars::JsonSchema;
use serde::Serialize;

/// The fit, and how far it can be trusted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Cooling constant.
    #[schemars(extend("x-unit" = "/s"))]
    pub k_per_s: f64,
    /// Its standard error.
    #[schemars(extend("x-unit" = "/s"))]
    pub k_std_per_s: f64,
    /// 1/k.
    #[schemars(extend("x-unit" = "s"))]
    pub time_constant_s: f64,
    /// Temperature of the surroundings, fitted or given.
    #[serde(rename = "ambient_temperature_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub ambient_temperature: f64,
    /// Its standard error; null when it was given.
    #[serde(rename = "ambient_std_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub ambient_std: Option<f64>,
    /// Containers run.
    pub iterations: u32,
    /// Root mean square of measured minus fitted.
    #[serde(rename = "residual_rms_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub residual_rms: f64,
    /// Measurements fitted.
    pub measurements: usize,
}
