//! What the caller is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `main.m` writes to `result.json`, and the outcome of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Largest difference between the numeric and the exact temperature at the end.
    #[serde(rename = "max_error_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub max_error: f64,
    /// Root mean square of that difference over the grid.
    #[serde(rename = "rms_error_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub rms_error: f64,
    /// Numeric, at the end.
    #[serde(rename = "centre_temperature_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub centre: f64,
    /// Exact, at the end.
    #[serde(rename = "centre_temperature_analytic_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub centre_analytic: f64,
    /// Lowest on the grid at the end.
    #[serde(rename = "min_temperature_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub min: f64,
    /// Highest on the grid at the end.
    #[serde(rename = "max_temperature_K")]
    #[schemars(extend("x-unit" = "K"))]
    pub max: f64,
}
