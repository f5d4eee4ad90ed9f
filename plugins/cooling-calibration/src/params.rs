//! What the caller may say.

use serde::Deserialize;

/// Parameters, as `params.schema.json` describes them.
#[derive(Debug, Clone, Deserialize)]
pub struct Params {
    /// Measured temperatures; without them the uploaded file is read.
    pub measurements: Option<Table>,
    /// Temperature of the surroundings, or the first guess of it, K.
    #[serde(rename = "ambient_temperature_K")]
    pub ambient_temperature: f64,
    /// Whether it is fitted.
    pub fit_ambient: bool,
    /// Temperature at the time 0, K; without it the first measurement is exact.
    #[serde(rename = "initial_temperature_K")]
    pub initial_temperature: Option<f64>,
    /// First guess of the cooling constant, 1/s.
    pub initial_k_per_s: f64,
    /// Relative change of k under which the fit ends.
    pub tolerance: f64,
    /// Most iterations.
    pub max_iterations: u32,
}

/// Columns of measurements.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Table {
    /// Times, s.
    pub t_s: Vec<f64>,
    /// Temperatures, K.
    #[serde(rename = "T_K")]
    pub temperatures: Vec<f64>,
}
