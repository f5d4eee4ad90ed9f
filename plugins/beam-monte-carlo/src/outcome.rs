//! What the caller is told.

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use crate::summary::Summary;

/// The samples, beside the exact distribution.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Samples in all containers together.
    pub samples: usize,
    /// Containers that shared them.
    pub containers: u32,
    /// Of the samples.
    #[schemars(transform = in_metres)]
    pub deflection_m: Summary,
    /// Of the exact lognormal distribution.
    #[schemars(transform = in_metres)]
    pub theory_m: Summary,
    /// Sample minus theory in standard errors of the sample value.
    pub z: Summary,
    /// No |z| is over 4.
    pub agrees: bool,
}

fn in_metres(schema: &mut Schema) {
    let values = schema.get_mut("properties").and_then(Value::as_object_mut);
    for value in values.into_iter().flat_map(|values| values.values_mut()).filter_map(Value::as_object_mut) {
        value.insert("x-unit".to_owned(), json!("m"));
    }
}
