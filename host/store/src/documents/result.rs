//! What came of a call. Retention removes `result.stdout_log`, `result.stderr_log`
//! and what is in `result.outputs`.

use serde::{Deserialize, Serialize};
use simulay_model::{CallEnd, ContainerResult, Digest, Ending, Isolation, Omission, RunId};

use super::artifact::StoredArtifact;
use super::error::StoredError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one at a time, never in bulk")]
pub enum StoredCallEnd {
    Result(StoredResult),
    Error(StoredError),
}

#[derive(Serialize, Deserialize)]
pub struct StoredResult {
    name: String,
    #[serde(with = "StoredEnding")]
    ending: Ending,
    stdout: String,
    stderr: String,
    outputs: Vec<StoredArtifact>,
    #[serde(default)]
    left_out: Vec<StoredOmission>,
    #[serde(default)]
    left_out_more: u64,
    stdout_log: Option<StoredArtifact>,
    stderr_log: Option<StoredArtifact>,
    #[serde(default)]
    stdout_omitted: u64,
    #[serde(default)]
    stderr_omitted: u64,
    wall_ms: u64,
    cpu_ms: Option<u64>,
    peak_memory_bytes: Option<u64>,
    #[serde(default, with = "StoredIsolation")]
    isolation: Isolation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Digest>,
    reused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reused_from: Option<RunId>,
}

#[derive(Serialize, Deserialize)]
struct StoredOmission {
    path: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ending", rename_all = "snake_case")]
pub(super) enum StoredEnding {
    Exited(i32),
    Signalled(i32),
    OutOfMemory,
    TimedOut,
    ScratchFull,
    OutputLimit,
    ProcessLimit,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Isolation", rename_all = "snake_case")]
enum StoredIsolation {
    Container,
    Process,
}

stored!(CallEnd as StoredCallEnd);

impl From<&CallEnd> for StoredCallEnd {
    fn from(end: &CallEnd) -> Self {
        match end {
            CallEnd::Result(result) => Self::Result(result.into()),
            CallEnd::Error(error) => Self::Error(error.into()),
        }
    }
}

impl From<StoredCallEnd> for CallEnd {
    fn from(end: StoredCallEnd) -> Self {
        match end {
            StoredCallEnd::Result(result) => Self::Result(result.into()),
            StoredCallEnd::Error(error) => Self::Error(error.into()),
        }
    }
}

impl From<&ContainerResult> for StoredResult {
    fn from(result: &ContainerResult) -> Self {
        let ContainerResult { name, stdout, stderr, outputs, left_out, stdout_log, stderr_log, .. } = result;
        let ContainerResult { ending, left_out_more, stdout_omitted, stderr_omitted, .. } = *result;
        let ContainerResult {
            wall_ms, cpu_ms, peak_memory_bytes, isolation, image, reused, reused_from, ..
        } = *result;
        Self {
            name: name.clone(),
            ending,
            stdout: stdout.clone(),
            stderr: stderr.clone(),
            outputs: outputs.iter().map(Into::into).collect(),
            left_out: left_out.iter().map(Into::into).collect(),
            left_out_more,
            stdout_log: stdout_log.as_ref().map(Into::into),
            stderr_log: stderr_log.as_ref().map(Into::into),
            stdout_omitted,
            stderr_omitted,
            wall_ms,
            cpu_ms,
            peak_memory_bytes,
            isolation,
            image,
            reused,
            reused_from,
        }
    }
}

impl From<StoredResult> for ContainerResult {
    fn from(result: StoredResult) -> Self {
        Self {
            name: result.name,
            ending: result.ending,
            stdout: result.stdout,
            stderr: result.stderr,
            outputs: result.outputs.into_iter().map(Into::into).collect(),
            left_out: result.left_out.into_iter().map(Into::into).collect(),
            left_out_more: result.left_out_more,
            stdout_log: result.stdout_log.map(Into::into),
            stderr_log: result.stderr_log.map(Into::into),
            stdout_omitted: result.stdout_omitted,
            stderr_omitted: result.stderr_omitted,
            wall_ms: result.wall_ms,
            cpu_ms: result.cpu_ms,
            peak_memory_bytes: result.peak_memory_bytes,
            isolation: result.isolation,
            image: result.image,
            reused: result.reused,
            reused_from: result.reused_from,
        }
    }
}

impl From<&Omission> for StoredOmission {
    fn from(omission: &Omission) -> Self {
        let Omission { path, reason } = omission.clone();
        Self { path, reason }
    }
}

impl From<StoredOmission> for Omission {
    fn from(StoredOmission { path, reason }: StoredOmission) -> Self {
        Self { path, reason }
    }
}
