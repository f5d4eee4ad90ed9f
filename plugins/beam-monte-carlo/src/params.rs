//! What the caller may say.

use schemars::transform::Transform;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A beam, and how it is sampled.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Params {
    /// What is uncertain.
    #[serde(flatten)]
    pub beam: Beam,
    /// # Samples
    ///
    /// In all containers together.
    #[schemars(range(min = 1000, max = 500_000))]
    pub samples: u32,
    /// # Containers
    ///
    /// They share the samples and run side by side.
    #[schemars(range(min = 1, max = 16))]
    pub containers: u32,
    /// # Pause
    ///
    /// Each container waits this long first, as a stand-in for a slower model. Results with a pause are not reused.
    #[schemars(range(min = 0, max = 600), extend("x-unit" = "s"))]
    pub pause_s: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { beam: Beam::default(), samples: 100_000, containers: 4, pause_s: 0.0 }
    }
}

/// Load, material and dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Beam {
    /// # Force at the tip
    #[serde(rename = "force_N")]
    #[schemars(transform = Mean { unit: "N", most: 1e9 })]
    pub force: Quantity,
    /// # Young's modulus
    ///
    /// 2.1e11 is steel.
    #[serde(rename = "modulus_Pa")]
    #[schemars(transform = Mean { unit: "Pa", most: 1e13 })]
    pub modulus: Quantity,
    /// # Width of the section
    ///
    /// Across the force.
    #[serde(rename = "width_m")]
    #[schemars(transform = Mean { unit: "m", most: 100.0 })]
    pub width: Quantity,
    /// # Height of the section
    ///
    /// Along the force.
    #[serde(rename = "height_m")]
    #[schemars(transform = Mean { unit: "m", most: 100.0 })]
    pub height: Quantity,
    /// # Length of the beam
    #[serde(rename = "length_m")]
    #[schemars(transform = Mean { unit: "m", most: 1000.0 })]
    pub length: Quantity,
}

impl Default for Beam {
    fn default() -> Self {
        Self {
            force: Quantity { mean: 1000.0, cv: 0.1 },
            modulus: Quantity { mean: 210e9, cv: 0.03 },
            width: Quantity { mean: 0.05, cv: 0.01 },
            height: Quantity { mean: 0.1, cv: 0.01 },
            length: Quantity { mean: 2.0, cv: 0.005 },
        }
    }
}

/// A lognormal quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// # Mean
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub mean: f64,
    /// # Coefficient of variation
    ///
    /// Standard deviation over mean.
    #[schemars(range(min = 0, max = 0.5), extend("x-unit" = "1"))]
    pub cv: f64,
}

/// Gives the mean of a quantity its unit and bound, and each part of it the default of the whole, so that
/// a caller may give one of them alone.
struct Mean {
    unit: &'static str,
    most: f64,
}

impl Transform for Mean {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("required");
        let whole = schema.get("default").cloned().unwrap_or_default();
        let parts = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, part) in parts.into_iter().flatten() {
            let Value::Object(part) = part else { continue };
            part.insert("default".to_owned(), whole.get(name).cloned().unwrap_or_default());
            if name == "mean" {
                part.insert("maximum".to_owned(), json!(self.most));
                part.insert("x-unit".to_owned(), json!(self.unit));
            }
        }
    }
}
