//! What the caller may say. Comments, ranges, units and defaults become the JSON Schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mass on a spring.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// # Mass
    #[schemars(range(min = 0.001, max = 1000), extend("x-unit" = "kg"))]
    pub mass_kg: f64,
    /// # Stiffness of the spring
    #[serde(rename = "stiffness_N_per_m")]
    #[schemars(range(min = 0.001, max = 1e6), extend("x-unit" = "N/m"))]
    pub stiffness: f64,
    /// # Damping
    ///
    /// Force over speed.
    #[serde(rename = "damping_N_s_per_m")]
    #[schemars(range(min = 0, max = 1e6), extend("x-unit" = "N.s/m"))]
    pub damping: f64,
    /// # Displacement at the start
    #[schemars(range(min = 0.001, max = 10), extend("x-unit" = "m"))]
    pub amplitude_m: f64,
    /// # Time simulated
    #[schemars(range(min = 0.001, max = 1000), extend("x-unit" = "s"))]
    pub time_s: f64,
    /// # Points of time
    #[schemars(range(min = 10, max = 2000))]
    pub points: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { mass_kg: 1.0, stiffness: 100.0, damping: 1.0, amplitude_m: 0.1, time_s: 5.0, points: 501 }
    }
}

impl Params {
    /// Angular frequency without damping, 1/s.
    pub fn natural_frequency(&self) -> f64 {
        (self.stiffness / self.mass_kg).sqrt()
    }

    /// Damping over critical damping.
    pub fn damping_ratio(&self) -> f64 {
        self.damping / (2.0 * (self.stiffness * self.mass_kg).sqrt())
    }
}
