//! The contract's types: as they are where they are plain, typed where the contract says JSON.

use serde::Serialize;
use serde_json::Value;

pub use crate::bindings::exports::simulay::plugin::pipeline::{Example, Image, Kept, Manifest, Plot, Series};
pub use crate::bindings::simulay::plugin::types::{
    Artifact, ContainerCall, ContainerResult, Ending, File, OnFailure, Resources, Source,
};

/// What is to be simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<P> {
    /// Parameters, valid against `params-schema`, defaults filled in.
    pub params: P,
    /// Files the caller uploaded for this run.
    pub inputs: Vec<Artifact>,
    /// Seed of everything random.
    pub seed: u64,
}

impl<P> Request<P> {
    /// The uploaded file with this path.
    #[must_use]
    pub fn input(&self, path: &str) -> Option<&Artifact> {
        self.inputs.iter().find(|input| input.path == path)
    }
}

/// One round of container calls, run side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<S> {
    /// What to run.
    pub calls: Vec<ContainerCall>,
    /// Handed back to `post_process`.
    pub state: S,
}

/// What follows a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<S> {
    /// The end of the run.
    Done(Report),
    /// Another step.
    Again(Step<S>),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request cannot be simulated; the caller can mend it.
    Invalid {
        /// JSON Pointer (RFC 6901) into the parameters.
        pointer: String,
        /// What is wrong there.
        message: String,
    },
    /// The simulation ran and gave no usable answer.
    Simulation(String),
}

impl Failure {
    /// The parameter at `pointer` is wrong.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), message: message.into() }
    }

    /// The simulation gave no usable answer.
    pub fn simulation(message: impl Into<String>) -> Self {
        Self::Simulation(message.into())
    }
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Valid against `result-schema`.
    pub outcome: Value,
    /// Line plots.
    pub plots: Vec<Plot>,
    /// Files offered for download.
    pub artifacts: Vec<Kept>,
}

impl Report {
    /// A report of `outcome` alone.
    ///
    /// # Errors
    /// When `outcome` cannot be written as JSON.
    pub fn new(outcome: &impl Serialize) -> Result<Self, Failure> {
        let outcome = serde_json::to_value(outcome)
            .map_err(|error| Failure::simulation(format!("the outcome is not JSON: {error}")))?;
        Ok(Self { outcome, plots: Vec::new(), artifacts: Vec::new() })
    }

    /// The report with a line plot of `ys` over `x`.
    #[must_use]
    pub fn plot(mut self, title: &str, x: Series, ys: Vec<Series>) -> Self {
        self.plots.push(Plot { title: title.to_owned(), x, ys });
        self
    }

    /// The report with an output of a container, under its path with `-` between folders.
    #[must_use]
    pub fn keep(self, output: &Artifact) -> Self {
        self.keep_as(&file_name(&output.path), output)
    }

    /// The report with an output of a container, under another name.
    #[must_use]
    pub fn keep_as(mut self, name: &str, output: &Artifact) -> Self {
        self.artifacts.push(Kept {
            name: name.to_owned(),
            media_type: output.media_type.clone(),
            content: Source::Artifact(output.sha256.clone()),
        });
        self
    }
}

/// A file name of at most 255 bytes: without the folders where it would be longer with them.
fn file_name(path: &str) -> String {
    const MAX_BYTES: usize = 255;
    match path.rsplit_once('/') {
        Some((_, last)) if path.len() > MAX_BYTES => last.to_owned(),
        _ => path.replace('/', "-"),
    }
}

/// Numbers of one quantity; `unit` is a UCUM unit, or empty.
pub fn series(name: &str, unit: &str, values: Vec<f64>) -> Series {
    Series { name: name.to_owned(), unit: unit.to_owned(), values }
}

/// An image the plugin needs, and why.
pub fn image(name: &str, purpose: &str) -> Image {
    Image { name: name.to_owned(), purpose: purpose.to_owned() }
}

/// A worked case with the subset of the outcome it must give, numbers within the relative `tolerance`.
pub fn example(name: &str, params: &Value, expect: &Value, tolerance: f64) -> Example {
    Example { name: name.to_owned(), params: params.to_string(), expect: Some(expect.to_string()), tolerance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_has_a_name_without_folders() {
        assert_eq!(file_name("field.csv"), "field.csv");
        assert_eq!(file_name("out/fine/field.csv"), "out-fine-field.csv");
        assert_eq!(file_name(&format!("{}/field.csv", "x".repeat(250))), "field.csv");
    }
}
