//! What the caller may say.

use serde::{Deserialize, Serialize};

/// Parameters, as `params.schema.json` describes them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Params {
    /// Width of the plate, m.
    pub width_m: f64,
    /// Height of the plate, m.
    pub height_m: f64,
    /// Thermal diffusivity, m²/s.
    pub diffusivity_m2_per_s: f64,
    /// Temperature of the whole plate at the start, K.
    #[serde(rename = "initial_temperature_K")]
    pub initial_temperature: f64,
    /// Temperature of the edges from then on, K.
    #[serde(rename = "edge_temperature_K")]
    pub edge_temperature: f64,
    /// Time simulated, s.
    pub time_s: f64,
    /// Cells along the width, even.
    pub cells_x: u32,
    /// Cells along the height, even.
    pub cells_y: u32,
    /// Steps in time.
    pub steps: u32,
}

impl Params {
    /// The Fourier number a·t/L² of the longer side: how far heat gets in the time simulated.
    #[must_use]
    pub fn fourier_number(&self) -> f64 {
        self.diffusivity_m2_per_s * self.time_s / self.width_m.max(self.height_m).powi(2)
    }
}
