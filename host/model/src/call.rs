//! Container calls: what a plugin asks for, and what came of it.

use serde::{Deserialize, Serialize};

use crate::{Artifact, Digest, Isolation, Resources, RunError, RunId};

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// UTF-8 text.
    Text(String),
    /// Any bytes.
    Bytes(#[serde(with = "crate::bytes")] Vec<u8>),
    /// The content of an artifact of the run.
    Artifact(Digest),
}

/// A file put under the working directory before the command starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// As the plugin wrote it; unchecked.
    pub path: String,
    /// Its bytes.
    pub content: Source,
}

/// What the run does when the command does not exit with 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The run fails with this container's error.
    FailRun,
    /// The result goes to `post-process` like any other.
    Report,
}

/// One container to run, as the plugin wrote it: hostile until the policy of `containers` admits it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerCall {
    /// Unique within the step.
    pub name: String,
    /// Logical image name.
    pub image: String,
    /// Argument vector; no shell.
    pub command: Vec<String>,
    /// Environment of the command.
    pub env: Vec<(String, String)>,
    /// Files under the working directory.
    pub files: Vec<File>,
    /// Glob patterns of the files to keep.
    pub outputs: Vec<String>,
    /// Glob patterns of files that are not kept although `outputs` asks for them.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Whether files that were put there and left as they were are kept as well.
    #[serde(default = "yes")]
    pub keep_unchanged: bool,
    /// Bounds asked for.
    pub resources: Resources,
    /// What a failure means to the run.
    pub on_failure: OnFailure,
    /// Equal calls give equal outputs.
    pub deterministic: bool,
}

const fn yes() -> bool {
    true
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The command exited with this code.
    Exited(i32),
    /// A signal ended the command.
    Signalled(i32),
    /// The command needed more memory than allowed.
    OutOfMemory,
    /// The command ran longer than allowed.
    TimedOut,
    /// The working directory was full.
    ScratchFull,
    /// The command printed more than allowed.
    OutputLimit,
    /// The command was refused a process: it had as many as allowed.
    ProcessLimit,
}

impl Ending {
    /// True when the command did what it was asked to.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Exited(0))
    }
}

/// A file that was asked for and could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omission {
    /// Where it lay below the working directory; what is no UTF-8 is replaced.
    pub path: String,
    /// Why, in words.
    pub reason: String,
}

/// What came of a container call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerResult {
    /// Name of the call.
    pub name: String,
    /// How it ended.
    pub ending: Ending,
    /// First and last part of standard output, lossy UTF-8.
    pub stdout: String,
    /// First and last part of standard error, lossy UTF-8.
    pub stderr: String,
    /// Files kept.
    pub outputs: Vec<Artifact>,
    /// Files that were asked for and could not be kept, by path.
    #[serde(default)]
    pub left_out: Vec<Omission>,
    /// How many more there were than `left_out` lists.
    #[serde(default)]
    pub left_out_more: u64,
    /// Whole standard output, when any.
    pub stdout_log: Option<Artifact>,
    /// Whole standard error, when any.
    pub stderr_log: Option<Artifact>,
    /// Bytes in the middle of standard output that were not kept.
    #[serde(default)]
    pub stdout_omitted: u64,
    /// Bytes in the middle of standard error that were not kept.
    #[serde(default)]
    pub stderr_omitted: u64,
    /// Wall time of the command, milliseconds.
    pub wall_ms: u64,
    /// Processor time of the command and all it started, milliseconds; none when nobody can tell.
    #[serde(default)]
    pub cpu_ms: Option<u64>,
    /// The most memory in use at one moment, its files included, bytes; none when nobody can tell.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// What kept the call from others.
    #[serde(default)]
    pub isolation: Isolation,
    /// The image that it ran in, by the digest of its configuration; none when nobody can tell.
    #[serde(default)]
    pub image: Option<Digest>,
    /// The result of an earlier, equal call was reused.
    pub reused: bool,
    /// The run that computed it, when it was reused and that run is of the same account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<RunId>,
}

impl ContainerResult {
    /// True when the command succeeded and all that it left was kept.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        let files = self.left_out.is_empty() && self.left_out_more == 0;
        self.ending.is_success() && files && self.stdout_omitted == 0 && self.stderr_omitted == 0
    }
}

/// How an attempt at a call ended.
#[expect(clippy::large_enum_variant, reason = "one at a time, never in bulk")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// The command ran; the result says how it ended.
    Result(ContainerResult),
    /// The host could not carry the call out, or may not.
    Error(RunError),
}
