//! What the caller may say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plate, what happens to it, and the grid it is solved on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// # Width of the plate
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1000), extend("x-unit" = "m"))]
    pub width_m: f64,
    /// # Height of the plate
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1000), extend("x-unit" = "m"))]
    pub height_m: f64,
    /// # Thermal diffusivity
    ///
    /// Conductivity over density times heat capacity; 9.7e-5 is aluminium.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1), extend("x-unit" = "m2/s"))]
    pub diffusivity_m2_per_s: f64,
    /// # Temperature at the start
    #[serde(rename = "initial_temperature_K")]
    #[schemars(range(min = 0, max = 10_000), extend("x-unit" = "K"))]
    pub initial_temperature: f64,
    /// # Temperature of the edges
    ///
    /// Held from the start on.
    #[serde(rename = "edge_temperature_K")]
    #[schemars(range(min = 0, max = 10_000), extend("x-unit" = "K"))]
    pub edge_temperature: f64,
    /// # Time simulated
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1e9), extend("x-unit" = "s"))]
    pub time_s: f64,
    /// # Cells along the width
    ///
    /// Even, so that the centre is a grid point.
    #[schemars(range(min = 4, max = 200), extend("multipleOf" = 2))]
    pub cells_x: u32,
    /// # Cells along the height
    ///
    /// Even, so that the centre is a grid point.
    #[schemars(range(min = 4, max = 200), extend("multipleOf" = 2))]
    pub cells_y: u32,
    /// # Steps in time
    #[schemars(range(min = 10, max = 2000))]
    pub steps: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            width_m: 0.1,
            height_m: 0.06,
            diffusivity_m2_per_s: 9.7e-5,
            initial_temperature: 400.0,
            edge_temperature: 300.0,
            time_s: 5.0,
            cells_x: 60,
            cells_y: 40,
            steps: 100,
        }
    }
}

impl Params {
    /// A square plate that is warmed slowly.
    pub(crate) fn square() -> Self {
        Self {
            width_m: 1.0,
            height_m: 1.0,
            diffusivity_m2_per_s: 1e-5,
            initial_temperature: 300.0,
            edge_temperature: 400.0,
            time_s: 10_000.0,
            cells_x: 80,
            cells_y: 80,
            steps: 200,
        }
    }

    /// The Fourier number a·t/L² of the longer side: how far heat gets in the time simulated.
    #[must_use]
    pub fn fourier_number(&self) -> f64 {
        self.diffusivity_m2_per_s * self.time_s / self.width_m.max(self.height_m).powi(2)
    }
}
