//! What goes into a pipeline and what comes out: requests, steps, reports.

use serde::{Deserialize, Serialize};

use crate::{Artifact, ContainerCall, Document, Source};

/// What a pipeline is asked to simulate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Valid against the manifest's schema, defaults filled in.
    pub params: Document,
    /// Files the caller gave.
    pub inputs: Vec<Artifact>,
    /// Seed of everything random.
    pub seed: u64,
}

/// One round of container calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Run side by side.
    pub calls: Vec<ContainerCall>,
    /// Handed back unchanged to `post-process`.
    pub state: Document,
}

/// Numbers of one quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// UCUM unit, or empty.
    pub unit: String,
    /// One value per point.
    pub values: Vec<f64>,
}

/// A line plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// Heading.
    pub title: String,
    /// Abscissa.
    pub x: Series,
    /// Ordinates, each as long as `x`.
    pub ys: Vec<Series>,
}

/// A file the report offers for download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFile {
    /// File name offered.
    pub name: String,
    /// RFC 6838 media type the plugin claims.
    pub media_type: String,
    /// Its bytes.
    pub content: Source,
}

/// The outcome of a run, as the plugin wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Valid against the manifest's result schema.
    pub outcome: Document,
    /// Line plots.
    pub plots: Vec<Plot>,
    /// Files kept. In a stored report each content is an artifact.
    pub artifacts: Vec<ReportFile>,
}

/// What follows a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The end of the run.
    Done(Report),
    /// Another step.
    Again(Step),
}

/// Why a plugin gives up, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The request cannot be simulated.
    Invalid {
        /// JSON Pointer (RFC 6901) into the parameters.
        pointer: String,
        /// What is wrong there.
        message: String,
    },
    /// The simulation gave no usable answer.
    Simulation(String),
}
