//! Runs, and requests for them.

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::json;
use simulay_engine as engine;
use simulay_model as model;
use simulay_model::Document;
use strum::Display;
use utoipa::ToSchema;

use super::artifact::Artifact;
use super::input::Input;
use super::open::Open;
use super::report::Report;
use super::sweep_point::SweepPoint;

/// A request for a run, or for a preview of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// Parameters, valid against the pipeline's schema; missing ones get their defaults.
    #[serde(default = "nothing")]
    #[schema(value_type = Value)]
    pub params: Document,
    /// Files uploaded before with `POST /v1/inputs` or `POST /v1/inputs/archive`.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// Seed of everything random; drawn when absent. Above 2^53 some languages lose digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What people call it: one line of at most 200 characters. Names need not differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub name: Option<model::RunName>,
    /// By what people sort it: at most 16, each a key of lower-case letters, digits and `._/-`, and a line of at most
    /// 200 characters.
    #[serde(default, skip_serializing_if = "model::Labels::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: model::Labels,
    /// What else is asked for.
    #[serde(default)]
    pub options: RunOptions,
}

/// What a request asks for beside its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunOptions {
    /// How often a call is tried again after its command failed; the operator bounds it.
    #[serde(default)]
    pub retries: u32,
    /// False has every call computed, though an earlier, equal one has a result; so has `Cache-Control: no-cache`.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub reuse: bool,
}

const fn yes() -> bool {
    true
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { retries: 0, reuse: true }
    }
}

/// A request for a run whose id the caller chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedRun {
    /// `name` for the latest version, or `name@version`.
    #[schema(example = "heat-plate@1.0.0")]
    pub pipeline: String,
    /// Parameters, valid against the pipeline's schema; missing ones get their defaults.
    #[serde(default = "nothing")]
    #[schema(value_type = Value)]
    pub params: Document,
    /// Files uploaded before with `POST /v1/inputs`.
    #[serde(default)]
    pub inputs: Vec<Input>,
    /// Seed of everything random; follows from the id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What people call it: one line of at most 200 characters. Names need not differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub name: Option<model::RunName>,
    /// By what people sort it: at most 16, each a key of lower-case letters, digits and `._/-`, and a line of at most
    /// 200 characters.
    #[serde(default, skip_serializing_if = "model::Labels::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: model::Labels,
    /// What else is asked for.
    #[serde(default)]
    pub options: RunOptions,
}

impl NamedRun {
    /// The request without its pipeline.
    #[must_use]
    pub fn request(self) -> NewRun {
        let Self { params, inputs, seed, name, labels, options, .. } = self;
        NewRun { params, inputs, seed, name, labels, options }
    }
}

fn nothing() -> Document {
    json!({}).into()
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RunState {
    /// Accepted, waiting for its turn.
    Queued,
    /// At work.
    Running,
    /// Ended with a report.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended by request.
    Cancelled,
    /// Ended because it took too long.
    TimedOut,
}

/// A plugin version and the exact bytes that go by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginRef {
    /// Name.
    #[schema(value_type = String, example = "heat-plate")]
    pub name: model::PluginName,
    /// Version.
    #[schema(value_type = String, example = "1.0.0")]
    pub version: Version,
    /// SHA-256 of the component.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
}

/// Why a run ended without success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunError {
    /// Stable kind.
    #[schema(value_type = RunErrorKind)]
    pub kind: Open<RunErrorKind>,
    /// One or two plain sentences.
    pub message: String,
    /// JSON Pointer into `params`, or name of the field, the error is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Name of the container call it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

/// The stable kinds of run errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the domain type of the same name says what each kind is")]
pub enum RunErrorKind {
    ParamsInvalid,
    Simulation,
    PluginTrap,
    PluginCpuLimit,
    PluginMemoryLimit,
    PluginHostcallLimit,
    PluginResultTooLarge,
    PluginResultInvalid,
    WorkerCrashed,
    SpecDenied,
    ImageNotAllowed,
    ImageUnavailable,
    ContainerExit,
    ContainerSignal,
    ContainerOom,
    ContainerTimeout,
    ContainerDiskLimit,
    ContainerLost,
    ContainerProcessLimit,
    OutputLimit,
    ArtifactRejected,
    DockerUnavailable,
    StorageLow,
    StepLimit,
    Internal,
}

/// One execution of a pipeline for one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: model::RunId,
    /// The account it belongs to.
    #[serde(default)]
    #[schema(example = "local")]
    pub owner: String,
    /// The version it began with and stays on.
    pub plugin: PluginRef,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<model::RunName>,
    /// By what people sort it.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: model::Labels,
    /// The point of a sweep that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepPoint>,
    /// Where it is.
    #[schema(value_type = RunState)]
    pub state: Open<RunState>,
    /// Parameters with defaults filled in.
    #[schema(value_type = Value)]
    pub params: Document,
    /// Files given.
    pub inputs: Vec<Artifact>,
    /// Seed of everything random.
    pub seed: u64,
    /// Steps planned so far.
    pub steps: u32,
    /// Someone asked for its end.
    pub cancel_requested: bool,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When work on it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Outcome, when it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// Cause, when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

impl NewRun {
    /// The request as the engine takes it.
    #[must_use]
    pub fn into_engine(self, pipeline: engine::Selector) -> engine::NewRun {
        let input = |input: Input| {
            let Input { path, sha256, size } = input;
            engine::NewInput { path, sha256, size }
        };
        let inputs = self.inputs.into_iter().map(input).collect();
        let RunOptions { retries, reuse } = self.options;
        let Self { params, seed, name, labels, .. } = self;
        // Which run is a point of a sweep is for sweeps to say.
        engine::NewRun { inputs, seed, retries, reuse, name, labels, ..engine::NewRun::new(pipeline, params) }
    }
}

impl From<model::RunState> for RunState {
    fn from(state: model::RunState) -> Self {
        match state {
            model::RunState::Queued => Self::Queued,
            model::RunState::Running => Self::Running,
            model::RunState::Succeeded => Self::Succeeded,
            model::RunState::Failed => Self::Failed,
            model::RunState::Cancelled => Self::Cancelled,
            model::RunState::TimedOut => Self::TimedOut,
        }
    }
}

impl From<model::PluginRef> for PluginRef {
    fn from(plugin: model::PluginRef) -> Self {
        Self { name: plugin.name, version: plugin.version, sha256: plugin.sha256 }
    }
}

impl From<model::RunError> for RunError {
    fn from(error: model::RunError) -> Self {
        let model::RunError { kind, message, field, call } = error;
        Self { kind: RunErrorKind::from(kind).into(), message, field, call }
    }
}

impl From<model::ErrorKind> for RunErrorKind {
    fn from(kind: model::ErrorKind) -> Self {
        use model::ErrorKind as Kind;
        match kind {
            Kind::ParamsInvalid => Self::ParamsInvalid,
            Kind::Simulation => Self::Simulation,
            Kind::PluginTrap => Self::PluginTrap,
            Kind::PluginCpuLimit => Self::PluginCpuLimit,
            Kind::PluginMemoryLimit => Self::PluginMemoryLimit,
            Kind::PluginHostcallLimit => Self::PluginHostcallLimit,
            Kind::PluginResultTooLarge => Self::PluginResultTooLarge,
            Kind::PluginResultInvalid => Self::PluginResultInvalid,
            Kind::WorkerCrashed => Self::WorkerCrashed,
            Kind::SpecDenied => Self::SpecDenied,
            Kind::ImageNotAllowed => Self::ImageNotAllowed,
            Kind::ImageUnavailable => Self::ImageUnavailable,
            Kind::ContainerExit => Self::ContainerExit,
            Kind::ContainerSignal => Self::ContainerSignal,
            Kind::ContainerOom => Self::ContainerOom,
            Kind::ContainerTimeout => Self::ContainerTimeout,
            Kind::ContainerDiskLimit => Self::ContainerDiskLimit,
            Kind::ContainerLost => Self::ContainerLost,
            Kind::ContainerProcessLimit => Self::ContainerProcessLimit,
            Kind::OutputLimit => Self::OutputLimit,
            Kind::ArtifactRejected => Self::ArtifactRejected,
            Kind::DockerUnavailable => Self::DockerUnavailable,
            Kind::StorageLow => Self::StorageLow,
            Kind::StepLimit => Self::StepLimit,
            Kind::Internal => Self::Internal,
        }
    }
}

impl From<model::Run> for Run {
    fn from(run: model::Run) -> Self {
        Self {
            id: run.id,
            owner: run.owner.into(),
            plugin: run.plugin.into(),
            name: run.name,
            labels: run.labels,
            sweep: run.sweep.map(Into::into),
            state: RunState::from(run.state).into(),
            params: run.request.params,
            inputs: run.request.inputs.into_iter().map(Into::into).collect(),
            seed: run.request.seed,
            steps: run.steps,
            cancel_requested: run.cancel_requested,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
            report: run.report.map(Into::into),
            error: run.error.map(Into::into),
        }
    }
}
