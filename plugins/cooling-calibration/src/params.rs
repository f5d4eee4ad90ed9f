//! What the caller may say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was measured, what is known, and when the fit ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// # Measured temperatures
    ///
    /// Without it, the uploaded file `measurements.csv` with the columns t_s,T_K is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Table")]
    pub measurements: Option<Table>,
    /// # Temperature of the surroundings
    ///
    /// The first guess of it, when `fit_ambient` is set.
    #[serde(rename = "ambient_temperature_K")]
    #[schemars(range(min = 0, max = 10_000), extend("x-unit" = "K"))]
    pub ambient_temperature: f64,
    /// # Fit the temperature of the surroundings too
    pub fit_ambient: bool,
    /// # Temperature at the time 0
    ///
    /// Without it, the first measurement is taken as exact.
    #[serde(rename = "initial_temperature_K", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64", range(min = 0, max = 10_000), extend("x-unit" = "K"))]
    pub initial_temperature: Option<f64>,
    /// # First guess of the cooling constant
    #[schemars(range(min = 1e-9, max = 1000), extend("x-unit" = "/s"))]
    pub initial_k_per_s: f64,
    /// # Relative tolerance
    ///
    /// The fit ends when a step would change k by less, relative to k.
    #[schemars(range(min = 1e-9, max = 0.01))]
    pub tolerance: f64,
    /// # Most iterations
    #[schemars(range(min = 1, max = 90))]
    pub max_iterations: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            measurements: None,
            ambient_temperature: 295.15,
            fit_ambient: false,
            initial_temperature: None,
            initial_k_per_s: 0.001,
            tolerance: 1e-6,
            max_iterations: 25,
        }
    }
}

/// Columns of measurements.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// # Times, rising
    #[schemars(length(min = 2, max = 10_000), inner(range(min = 0)), extend("x-unit" = "s"))]
    pub t_s: Vec<f64>,
    /// # Temperatures
    #[serde(rename = "T_K")]
    #[schemars(length(min = 2, max = 10_000), inner(range(min = 0)), extend("x-unit" = "K"))]
    pub temperatures: Vec<f64>,
}
