//! What happened to a run: the kind of an event, and its data.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use simulay_model::{
    CallEnded, CallStarted, CallSummary, Document, Ending, EventData, LogLevel, Logged, RunEnded, RunId,
    RunState, Stage, StepPlanned,
};

use super::artifact::StoredArtifact;
use super::error::StoredError;
use super::result::StoredEnding;

/// The kind of an event, and its data as text.
///
/// # Errors
/// When a value in it cannot be written as JSON.
pub fn write(event: &EventData) -> Result<(&'static str, String), serde_json::Error> {
    let nothing = || Ok("{}".to_owned());
    let (kind, data) = match event {
        EventData::RunQueued => ("run.queued", nothing()),
        EventData::RunStarted => ("run.started", nothing()),
        EventData::StepPlanned(data) => ("step.planned", text(&StoredStepPlanned::from(data))),
        EventData::CallStarted(data) => ("call.started", text(&StoredCallStarted::from(data))),
        EventData::CallEnded(data) => ("call.ended", text(&StoredCallEnded::from(data))),
        EventData::Logged(data) => ("log", text(&StoredLogged::from(data))),
        EventData::CancelRequested => ("run.cancel_requested", nothing()),
        EventData::RunEnded(data) => ("run.ended", text(&StoredRunEnded::from(data))),
    };
    data.map(|data| (kind, data))
}

/// What the kind of an event and its data say.
///
/// # Errors
/// When there is no such kind, or its data are not like this.
pub fn read(kind: &str, data: &str) -> Result<EventData, serde_json::Error> {
    match kind {
        "run.queued" => Ok(EventData::RunQueued),
        "run.started" => Ok(EventData::RunStarted),
        "step.planned" => said::<StoredStepPlanned, _>(data).map(EventData::StepPlanned),
        "call.started" => said::<StoredCallStarted, _>(data).map(EventData::CallStarted),
        "call.ended" => said::<StoredCallEnded, _>(data).map(EventData::CallEnded),
        "log" => said::<StoredLogged, _>(data).map(EventData::Logged),
        "run.cancel_requested" => Ok(EventData::CancelRequested),
        "run.ended" => said::<StoredRunEnded, _>(data).map(EventData::RunEnded),
        other => Err(serde_json::Error::custom(format!("`{other}` is no kind of event"))),
    }
}

fn text(data: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(data)
}

fn said<'a, S: Deserialize<'a> + Into<T>, T>(data: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str::<S>(data).map(Into::into)
}

#[derive(Serialize, Deserialize)]
struct StoredStepPlanned {
    step: u32,
    calls: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredCallStarted {
    step: u32,
    call: u32,
    attempt: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(try_from = "ReadCallEnded")]
struct StoredCallEnded {
    step: u32,
    call: u32,
    attempt: u32,
    #[serde(flatten)]
    result: Option<StoredSummary>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<StoredError>,
}

/// The same as it is read. A flattened option would take a damaged summary for none.
#[derive(Deserialize)]
struct ReadCallEnded {
    step: u32,
    call: u32,
    attempt: u32,
    error: Option<StoredError>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct StoredSummary {
    name: String,
    #[serde(with = "StoredEnding")]
    ending: Ending,
    wall_ms: u64,
    outputs: Vec<StoredArtifact>,
    reused: bool,
    #[serde(default)]
    left_out: u64,
    #[serde(default)]
    cpu_ms: Option<u64>,
    #[serde(default)]
    peak_memory_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reused_from: Option<RunId>,
}

impl StoredSummary {
    /// Its fields as they are written.
    const FIELDS: [&str; 9] = [
        "name",
        "ending",
        "wall_ms",
        "outputs",
        "reused",
        "left_out",
        "cpu_ms",
        "peak_memory_bytes",
        "reused_from",
    ];
}

#[derive(Serialize, Deserialize)]
struct StoredLogged {
    #[serde(with = "StoredStage")]
    stage: Stage,
    #[serde(with = "StoredLevel")]
    level: LogLevel,
    message: String,
}

#[derive(Serialize, Deserialize)]
struct StoredRunEnded {
    #[serde(with = "StoredState")]
    state: RunState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Document>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<StoredError>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Stage", rename_all = "kebab-case")]
enum StoredStage {
    PreProcess,
    Simulate,
    PostProcess,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LogLevel", rename_all = "snake_case")]
enum StoredLevel {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RunState", rename_all = "snake_case")]
enum StoredState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
}

impl From<&StepPlanned> for StoredStepPlanned {
    fn from(StepPlanned { step, calls }: &StepPlanned) -> Self {
        Self { step: *step, calls: calls.clone() }
    }
}

impl From<StoredStepPlanned> for StepPlanned {
    fn from(StoredStepPlanned { step, calls }: StoredStepPlanned) -> Self {
        Self { step, calls }
    }
}

impl From<&CallStarted> for StoredCallStarted {
    fn from(&CallStarted { step, call, attempt }: &CallStarted) -> Self {
        Self { step, call, attempt }
    }
}

impl From<StoredCallStarted> for CallStarted {
    fn from(StoredCallStarted { step, call, attempt }: StoredCallStarted) -> Self {
        Self { step, call, attempt }
    }
}

impl From<&CallEnded> for StoredCallEnded {
    fn from(CallEnded { step, call, attempt, result, error }: &CallEnded) -> Self {
        let (result, error) = (result.as_ref().map(Into::into), error.as_ref().map(Into::into));
        Self { step: *step, call: *call, attempt: *attempt, result, error }
    }
}

impl From<StoredCallEnded> for CallEnded {
    fn from(StoredCallEnded { step, call, attempt, result, error }: StoredCallEnded) -> Self {
        Self { step, call, attempt, result: result.map(Into::into), error: error.map(Into::into) }
    }
}

impl TryFrom<ReadCallEnded> for StoredCallEnded {
    type Error = serde_json::Error;

    fn try_from(read: ReadCallEnded) -> Result<Self, serde_json::Error> {
        let ReadCallEnded { step, call, attempt, error, rest } = read;
        let told = StoredSummary::FIELDS.iter().any(|field| rest.contains_key(*field));
        if told && error.is_some() {
            return Err(serde_json::Error::custom("a call that ended has a result or an error, not both"));
        }
        let result = told.then(|| StoredSummary::deserialize(Value::Object(rest))).transpose()?;
        Ok(Self { step, call, attempt, result, error })
    }
}

impl From<&CallSummary> for StoredSummary {
    fn from(summary: &CallSummary) -> Self {
        let CallSummary { ending, wall_ms, reused, left_out, cpu_ms, peak_memory_bytes, .. } = *summary;
        let CallSummary { name, outputs, reused_from, .. } = summary.clone();
        let outputs = outputs.iter().map(Into::into).collect();
        Self { name, ending, wall_ms, outputs, reused, left_out, cpu_ms, peak_memory_bytes, reused_from }
    }
}

impl From<StoredSummary> for CallSummary {
    fn from(summary: StoredSummary) -> Self {
        Self {
            name: summary.name,
            ending: summary.ending,
            wall_ms: summary.wall_ms,
            outputs: summary.outputs.into_iter().map(Into::into).collect(),
            reused: summary.reused,
            left_out: summary.left_out,
            cpu_ms: summary.cpu_ms,
            peak_memory_bytes: summary.peak_memory_bytes,
            reused_from: summary.reused_from,
        }
    }
}

impl From<&Logged> for StoredLogged {
    fn from(Logged { stage, level, message }: &Logged) -> Self {
        Self { stage: *stage, level: *level, message: message.clone() }
    }
}

impl From<StoredLogged> for Logged {
    fn from(StoredLogged { stage, level, message }: StoredLogged) -> Self {
        Self { stage, level, message }
    }
}

impl From<&RunEnded> for StoredRunEnded {
    fn from(RunEnded { state, outcome, error }: &RunEnded) -> Self {
        Self { state: *state, outcome: outcome.clone(), error: error.as_ref().map(Into::into) }
    }
}

impl From<StoredRunEnded> for RunEnded {
    fn from(StoredRunEnded { state, outcome, error }: StoredRunEnded) -> Self {
        Self { state, outcome, error: error.map(Into::into) }
    }
}
