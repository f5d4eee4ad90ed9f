//! Container calls: what was asked, and what came of it.

use serde::{Deserialize, Serialize};
use simulay_containers::ImageId;
use simulay_engine::Planned;
use simulay_model as model;
use simulay_model::Document;
use utoipa::ToSchema;

use super::artifact::Artifact;
use super::isolation::Isolation;
use super::open::Open;
use super::run::RunError;

/// What one container may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resources {
    /// Thousandths of a CPU core.
    pub cpu_milli: u32,
    /// Memory of the command, MiB.
    pub memory_mib: u32,
    /// Writable space under the working directory, MiB.
    pub scratch_mib: u32,
    /// Wall time of the command, milliseconds.
    pub timeout_ms: u64,
}

/// A variable of the command's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Variable {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A file put under the working directory before the command starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlacedFile {
    /// Path as the plugin wrote it.
    pub path: String,
    /// SHA-256 of the content.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
    /// Bytes; absent for an artifact of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The content, in a preview and when the plugin wrote it as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What the run does when the command does not exit with 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The run fails.
    FailRun,
    /// The result goes to the plugin like any other.
    Report,
}

/// What a plugin asks to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asked {
    /// Unique within its step.
    pub name: String,
    /// Logical image name.
    #[schema(example = "octave")]
    pub image: String,
    /// Argument vector; no shell.
    pub command: Vec<String>,
    /// Environment.
    pub env: Vec<Variable>,
    /// Files given.
    pub files: Vec<PlacedFile>,
    /// Glob patterns of the files kept.
    pub outputs: Vec<String>,
    /// Glob patterns of files that are not kept although `outputs` asks for them.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Files given that were left as they were are kept as well.
    #[serde(default)]
    pub keep_unchanged: bool,
    /// Bounds asked for.
    pub resources: Resources,
    /// What a failure means to the run.
    #[schema(value_type = OnFailure)]
    pub on_failure: Open<OnFailure>,
    /// Equal calls give equal outputs.
    pub deterministic: bool,
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The command exited with this code.
    Exited(i32),
    /// A signal ended the command.
    Signalled(i32),
    /// It needed more memory than allowed.
    OutOfMemory,
    /// It ran longer than allowed.
    TimedOut,
    /// Its working directory was full.
    ScratchFull,
    /// It printed more than allowed.
    OutputLimit,
    /// It asked for more processes than allowed.
    ProcessLimit,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallResult {
    /// How it ended.
    #[schema(value_type = Ending)]
    pub ending: Open<Ending>,
    /// Wall time of the command, milliseconds.
    pub wall_ms: u64,
    /// What kept it from others.
    #[serde(default)]
    pub isolation: Isolation,
    /// The ID of the image that it ran in; left out when nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// The result of an earlier, equal call was reused.
    pub reused: bool,
    /// The run that computed it, when it was reused and that run is of the same account; it may be deleted by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub reused_from: Option<model::RunId>,
    /// First and last part of standard output.
    pub stdout: String,
    /// First and last part of standard error.
    pub stderr: String,
    /// Files kept.
    pub outputs: Vec<Artifact>,
    /// Files that were asked for and not kept, by path.
    #[serde(default)]
    pub left_out: Vec<Omission>,
    /// How many more than `left_out` lists.
    #[serde(default)]
    pub left_out_more: u64,
    /// Whole standard output, when any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout_log: Option<Artifact>,
    /// Whole standard error, when any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr_log: Option<Artifact>,
    /// Bytes in the middle of standard output that were not kept.
    #[serde(default)]
    pub stdout_omitted: u64,
    /// Bytes in the middle of standard error that were not kept.
    #[serde(default)]
    pub stderr_omitted: u64,
    /// Processor time, milliseconds, when it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// The most memory in use at one moment, bytes, when it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
}

/// A file that was asked for and not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Omission {
    /// Where it lay below the working directory; what is no UTF-8 is replaced.
    pub path: String,
    /// Why, in words.
    pub reason: String,
}

/// A call in the journal of its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Call {
    /// Step, from 0.
    pub step: u32,
    /// Index in the step, from 0.
    pub call: u32,
    /// Newest attempt, from 0.
    pub attempt: u32,
    /// A container was asked for.
    pub started: bool,
    /// What was asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// What came of it, when it ran to an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<CallResult>,
    /// Why it could not be carried out, when that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

/// The journal of container calls, by step and place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallList {
    /// Each call, its newest attempt.
    pub calls: Vec<Call>,
}

/// What a request would do first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// Parameters with defaults filled in.
    #[schema(value_type = Value)]
    pub params: Document,
    /// The container calls of the first step, admitted by the policy.
    pub calls: Vec<Asked>,
}

impl From<model::Resources> for Resources {
    fn from(resources: model::Resources) -> Self {
        let model::Resources { cpu_milli, memory_mib, scratch_mib, timeout_ms } = resources;
        Self { cpu_milli, memory_mib, scratch_mib, timeout_ms }
    }
}

impl From<model::OnFailure> for OnFailure {
    fn from(on_failure: model::OnFailure) -> Self {
        match on_failure {
            model::OnFailure::FailRun => Self::FailRun,
            model::OnFailure::Report => Self::Report,
        }
    }
}

impl From<model::Ending> for Ending {
    fn from(ending: model::Ending) -> Self {
        match ending {
            model::Ending::Exited(code) => Self::Exited(code),
            model::Ending::Signalled(signal) => Self::Signalled(signal),
            model::Ending::OutOfMemory => Self::OutOfMemory,
            model::Ending::TimedOut => Self::TimedOut,
            model::Ending::ScratchFull => Self::ScratchFull,
            model::Ending::OutputLimit => Self::OutputLimit,
            model::Ending::ProcessLimit => Self::ProcessLimit,
        }
    }
}

impl From<model::PlacedFile> for PlacedFile {
    fn from(file: model::PlacedFile) -> Self {
        let model::PlacedFile { path, sha256, size } = file;
        Self { path, sha256, size, text: None }
    }
}

impl Asked {
    /// The call with the content of its text files.
    fn with_texts(call: model::ContainerCall) -> Self {
        let mut asked = Self::from(model::AskedCall::from(&call));
        for (shown, file) in asked.files.iter_mut().zip(call.files) {
            if let model::Source::Text(text) = file.content {
                shown.text = Some(text);
            }
        }
        asked
    }
}

impl From<model::AskedCall> for Asked {
    fn from(call: model::AskedCall) -> Self {
        Self {
            name: call.name,
            image: call.image,
            command: call.command,
            env: call.env.into_iter().map(|(name, value)| Variable { name, value }).collect(),
            files: call.files.into_iter().map(Into::into).collect(),
            outputs: call.outputs,
            excludes: call.excludes,
            keep_unchanged: call.keep_unchanged,
            resources: call.resources.into(),
            on_failure: OnFailure::from(call.on_failure).into(),
            deterministic: call.deterministic,
        }
    }
}

impl From<model::ContainerResult> for CallResult {
    fn from(result: model::ContainerResult) -> Self {
        Self {
            ending: Ending::from(result.ending).into(),
            wall_ms: result.wall_ms,
            reused: result.reused,
            reused_from: result.reused_from,
            stdout: result.stdout,
            stderr: result.stderr,
            outputs: result.outputs.into_iter().map(Into::into).collect(),
            left_out: result.left_out.into_iter().map(Into::into).collect(),
            left_out_more: result.left_out_more,
            stdout_log: result.stdout_log.map(Into::into),
            stderr_log: result.stderr_log.map(Into::into),
            stdout_omitted: result.stdout_omitted,
            stderr_omitted: result.stderr_omitted,
            cpu_ms: result.cpu_ms,
            peak_memory_bytes: result.peak_memory_bytes,
            isolation: result.isolation.into(),
            image_id: result.image.map(|image| ImageId::from(image).to_string()),
        }
    }
}

impl From<model::Omission> for Omission {
    fn from(omission: model::Omission) -> Self {
        Self { path: omission.path, reason: omission.reason }
    }
}

impl From<model::CallRecord> for Call {
    fn from(record: model::CallRecord) -> Self {
        let (result, error) = match record.end {
            Some(model::CallEnd::Result(result)) => (Some(result.into()), None),
            Some(model::CallEnd::Error(error)) => (None, Some(error.into())),
            None => (None, None),
        };
        Self {
            step: record.step,
            call: record.index,
            attempt: record.attempt,
            started: record.started,
            asked: record.call.into(),
            result,
            error,
        }
    }
}

impl From<Vec<model::CallRecord>> for CallList {
    fn from(records: Vec<model::CallRecord>) -> Self {
        Self { calls: records.into_iter().map(Into::into).collect() }
    }
}

impl From<Planned> for Preview {
    fn from(planned: Planned) -> Self {
        let calls = planned.calls.into_iter().map(Asked::with_texts).collect();
        Self { params: planned.params, calls }
    }
}
