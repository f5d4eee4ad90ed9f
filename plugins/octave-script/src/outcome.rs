//! What the caller is told.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What the program left.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What the program wrote to `result.json`; null when it wrote none.
    pub result: Value,
    /// Paths of the kept files.
    pub files: Vec<String>,
    /// Those of them that are images.
    pub figures: Vec<String>,
    /// The first and last part of what the program printed.
    pub stdout: String,
}
