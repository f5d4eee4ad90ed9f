//! What it is asked for.

use serde::Deserialize;

use crate::bindings::exports::simulay::plugin::pipeline::Failure;

/// As the schema of the manifest has it, which gives each its default.
#[derive(Deserialize)]
pub(crate) struct Params {
    pub(crate) level: f64,
    pub(crate) most: f64,
    pub(crate) points: u32,
    pub(crate) curve: Curve,
    pub(crate) unit: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Curve {
    Wave,
    Decades,
}

impl Params {
    pub(crate) fn read(params: &str) -> Result<Self, Failure> {
        serde_json::from_str(params).map_err(|error| Failure::Invalid((String::new(), error.to_string())))
    }
}
