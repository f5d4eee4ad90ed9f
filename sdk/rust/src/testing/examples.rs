//! The manifest's worked cases.

use serde_json::Value;

use crate::glue;
use crate::pipeline::Pipeline;

/// A worked case.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What it is called.
    pub name: String,
    /// Parameters, as a caller would give them.
    pub params: Value,
    /// Expected subset of the outcome; null when it is only a start.
    pub expect: Value,
    /// Relative tolerance for numbers in `expect`.
    pub tolerance: f64,
}

/// The worked cases of a pipeline, to be tried with a model of the test's own.
#[must_use]
pub fn examples<P: Pipeline>() -> Vec<Example> {
    let read = |json: &str| serde_json::from_str(json).unwrap_or_default();
    let examples = glue::describe::<P>().examples.into_iter();
    examples
        .map(|example| Example {
            name: example.name,
            params: read(&example.params),
            expect: example.expect.as_deref().map(read).unwrap_or_default(),
            tolerance: example.tolerance,
        })
        .collect()
}
