//! What the caller may say.

use serde::{Deserialize, Serialize};

/// A lognormal quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// Mean, in the unit of the quantity.
    pub mean: f64,
    /// Coefficient of variation: standard deviation over mean.
    pub cv: f64,
}

/// Parameters, as `params.schema.json` describes them.
#[derive(Debug, Clone, Deserialize)]
pub struct Params {
    /// What is uncertain.
    #[serde(flatten)]
    pub beam: Beam,
    /// Samples in all containers together.
    pub samples: u32,
    /// Containers that share them.
    pub containers: u32,
    /// What each container waits first, s.
    pub pause_s: f64,
}

/// Load, material and dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Beam {
    /// Force at the tip, N.
    #[serde(rename = "force_N")]
    pub force: Quantity,
    /// Young's modulus, Pa.
    #[serde(rename = "modulus_Pa")]
    pub modulus: Quantity,
    /// Width of the section, across the force, m.
    #[serde(rename = "width_m")]
    pub width: Quantity,
    /// Height of the section, along the force, m.
    #[serde(rename = "height_m")]
    pub height: Quantity,
    /// Length, m.
    #[serde(rename = "length_m")]
    pub length: Quantity,
}
