//! What happened to a run, as everyone may see it.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Artifact, CallEnd, Change, Document, Ending, LogLevel, RunEnd, RunError, RunId, RunState, Stage,
};

/// A change as everyone may see it: numbered without gaps from 1 within its run.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// Its number; the first event, `run.queued`, is 1.
    pub sequence: u64,
    /// When it was stored.
    pub at: Timestamp,
    /// What happened.
    pub data: EventData,
}

/// What happened. Each variant is a *kind* by which it is written, e.g. `call.ended`, and data that are a
/// JSON object.
#[derive(Debug, Clone, PartialEq)]
pub enum EventData {
    /// `run.queued`: the run was accepted.
    RunQueued,
    /// `run.started`: work on it begins.
    RunStarted,
    /// `step.planned`: the plugin asks for container calls.
    StepPlanned(StepPlanned),
    /// `call.started`: a container is about to be started.
    CallStarted(CallStarted),
    /// `call.ended`: a call came to its end.
    CallEnded(CallEnded),
    /// `log`: the plugin, or the host, wrote to the log of the run.
    Logged(Logged),
    /// `run.cancel_requested`: someone asked for its end.
    CancelRequested,
    /// `run.ended`: nothing follows.
    RunEnded(RunEnded),
}

/// Data of `step.planned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepPlanned {
    /// Number of the step, from 0.
    pub step: u32,
    /// Names of its calls.
    pub calls: Vec<String>,
}

/// Data of `call.started`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallStarted {
    /// Step, from 0.
    pub step: u32,
    /// Index of the call in the step, from 0.
    pub call: u32,
    /// Attempt, from 0.
    pub attempt: u32,
}

/// Data of `call.ended`: of a call with an error, nothing but that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ReadCallEnded")]
pub struct CallEnded {
    /// Step, from 0.
    pub step: u32,
    /// Index of the call in the step, from 0.
    pub call: u32,
    /// Attempt, from 0.
    pub attempt: u32,
    /// What a command that ran left.
    #[serde(flatten)]
    pub result: Option<CallSummary>,
    /// Why it gave no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

/// Data of `call.ended` as they are read. A flattened option would take a damaged summary for none.
#[derive(Deserialize)]
struct ReadCallEnded {
    step: u32,
    call: u32,
    attempt: u32,
    error: Option<RunError>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What is told of a command that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSummary {
    /// Name of the call.
    pub name: String,
    /// How the command ended.
    pub ending: Ending,
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// Files it left.
    pub outputs: Vec<Artifact>,
    /// True when an equal call gave this result before.
    pub reused: bool,
    /// Files that were asked for and not kept.
    #[serde(default)]
    pub left_out: u64,
    /// Processor time, milliseconds.
    #[serde(default)]
    pub cpu_ms: Option<u64>,
    /// The most memory in use at one moment, bytes.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// The run that computed it, when it was reused and that run is of the same account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<RunId>,
}

impl CallSummary {
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

/// Data of `log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Where it was written.
    pub stage: Stage,
    /// How much it matters.
    pub level: LogLevel,
    /// What it says.
    pub message: String,
}

/// Data of `run.ended`. The outcome is passed on as the plugin wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnded {
    /// The state it ended in.
    pub state: RunState,
    /// What came out, when it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Document>,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

impl EventData {
    /// The kind by which it is written.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RunQueued => "run.queued",
            Self::RunStarted => "run.started",
            Self::StepPlanned(_) => "step.planned",
            Self::CallStarted(_) => "call.started",
            Self::CallEnded(_) => "call.ended",
            Self::Logged(_) => "log",
            Self::CancelRequested => "run.cancel_requested",
            Self::RunEnded(_) => "run.ended",
        }
    }

    /// About how many bytes its data are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::RunQueued | Self::RunStarted | Self::CancelRequested | Self::CallStarted(_) => 0,
            Self::StepPlanned(planned) => planned.calls.iter().map(String::len).sum(),
            Self::CallEnded(ended) => {
                let outputs = ended.result.iter().flat_map(|result| &result.outputs);
                let outputs: usize =
                    outputs.map(|file| file.path.as_str().len() + size_of::<Artifact>()).sum();
                outputs + ended.error.as_ref().map_or(0, |error| error.message.len())
            }
            Self::Logged(logged) => logged.message.len(),
            Self::RunEnded(ended) => {
                let outcome = ended.outcome.as_ref().map_or(0, |outcome| outcome.as_str().len());
                outcome + ended.error.as_ref().map_or(0, |error| error.message.len())
            }
        }
    }

    /// Its data, a JSON object.
    ///
    /// # Errors
    /// When a value in it cannot be written as JSON.
    pub fn document(&self) -> Result<Document, serde_json::Error> {
        match self {
            Self::RunQueued | Self::RunStarted | Self::CancelRequested => Document::of(&Nothing {}),
            Self::StepPlanned(data) => Document::of(data),
            Self::CallStarted(data) => Document::of(data),
            Self::CallEnded(data) => Document::of(data),
            Self::Logged(data) => Document::of(data),
            Self::RunEnded(data) => Document::of(data),
        }
    }

    /// What `kind` and `document` say.
    ///
    /// # Errors
    /// When there is no such kind, or its data are not like this.
    pub fn read(kind: &str, document: &str) -> Result<Self, serde_json::Error> {
        match kind {
            "run.queued" => Ok(Self::RunQueued),
            "run.started" => Ok(Self::RunStarted),
            "step.planned" => serde_json::from_str(document).map(Self::StepPlanned),
            "call.started" => serde_json::from_str(document).map(Self::CallStarted),
            "call.ended" => serde_json::from_str(document).map(Self::CallEnded),
            "log" => serde_json::from_str(document).map(Self::Logged),
            "run.cancel_requested" => Ok(Self::CancelRequested),
            "run.ended" => serde_json::from_str(document).map(Self::RunEnded),
            other => Err(serde_json::Error::custom(format!("`{other}` is no kind of event"))),
        }
    }
}

/// Data of events that say all by their kind.
#[derive(Serialize)]
struct Nothing {}

impl From<&Change> for EventData {
    fn from(change: &Change) -> Self {
        match change {
            Change::Started => Self::RunStarted,
            Change::StepPlanned { step, plan, .. } => {
                let calls = plan.calls.iter().map(|call| call.name.clone()).collect();
                Self::StepPlanned(StepPlanned { step: *step, calls })
            }
            Change::CallStarted { step, index, attempt, .. } => {
                Self::CallStarted(CallStarted { step: *step, call: *index, attempt: *attempt })
            }
            Change::CallEnded { step, index, attempt, end, .. } => {
                Self::CallEnded(CallEnded::new((*step, *index, *attempt), end))
            }
            Change::Logged { stage, level, message } => {
                Self::Logged(Logged { stage: *stage, level: *level, message: message.clone() })
            }
            Change::CancelRequested => Self::CancelRequested,
            Change::Ended { end, .. } => Self::RunEnded(end.into()),
        }
    }
}

impl TryFrom<ReadCallEnded> for CallEnded {
    type Error = serde_json::Error;

    fn try_from(read: ReadCallEnded) -> Result<Self, serde_json::Error> {
        let ReadCallEnded { step, call, attempt, error, rest } = read;
        let told = CallSummary::FIELDS.iter().any(|field| rest.contains_key(*field));
        if told && error.is_some() {
            return Err(serde_json::Error::custom("a call that ended has a result or an error, not both"));
        }
        let result = told.then(|| CallSummary::deserialize(Value::Object(rest))).transpose()?;
        Ok(Self { step, call, attempt, result, error })
    }
}

impl CallEnded {
    fn new((step, call, attempt): (u32, u32, u32), end: &CallEnd) -> Self {
        let (result, error) = match end {
            CallEnd::Result(result) => (Some(result), None),
            CallEnd::Error(error) => (None, Some(error.clone())),
        };
        let result = result.map(|result| CallSummary {
            name: result.name.clone(),
            ending: result.ending,
            wall_ms: result.wall_ms,
            outputs: result.outputs.clone(),
            reused: result.reused,
            left_out: (result.left_out.len() as u64).saturating_add(result.left_out_more),
            cpu_ms: result.cpu_ms,
            peak_memory_bytes: result.peak_memory_bytes,
            reused_from: result.reused_from,
        });
        Self { step, call, attempt, result, error }
    }
}

impl From<&RunEnd> for RunEnded {
    fn from(end: &RunEnd) -> Self {
        let (outcome, error) = match end {
            RunEnd::Succeeded(report) => (Some(report.outcome.clone()), None),
            RunEnd::Failed(error) | RunEnd::TimedOut(error) => (None, Some(error.clone())),
            RunEnd::Cancelled => (None, None),
        };
        Self { state: end.state(), outcome, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = r#""name":"a","ending":{"exited":0},"wall_ms":5,"outputs":[],"reused":false"#;
    const ERROR: &str = r#""error":{"kind":"container_lost","message":"gone","field":null,"call":null}"#;

    fn read(fields: &str) -> Result<CallEnded, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{"step":0,"call":1,"attempt":2{fields}}}"#))
    }

    #[test]
    fn a_call_ends_with_a_whole_summary_or_an_error_or_neither() {
        let summary = read(&format!(",{SUMMARY}")).unwrap().result.unwrap();
        assert_eq!((summary.ending, summary.left_out), (Ending::Exited(0), 0));
        assert!(read(&format!(",{ERROR}")).unwrap().error.is_some());
        for nothing in ["", r#","novel":{}"#, r#","error":null"#] {
            let ended = read(nothing).unwrap();
            assert_eq!((ended.result, ended.error), (None, None), "{nothing}");
        }
        assert!(read(&format!(",{SUMMARY},{ERROR}")).is_err());
    }

    #[test]
    fn a_damaged_summary_is_an_error() {
        for (sound, damaged) in [("wall_ms", "wall"), ("5", "-5"), ("exited", "excited"), ("[]", "{}")] {
            assert!(read(&format!(",{}", SUMMARY.replace(sound, damaged))).is_err(), "{damaged}");
        }
        assert!(read(r#","left_out":1"#).is_err());
    }

    #[test]
    fn the_fields_of_a_summary_are_those_that_are_written() {
        let mut summary = read(&format!(",{SUMMARY}")).unwrap().result.unwrap();
        summary.reused_from = Some(RunId::generate());
        let written = serde_json::to_value(summary).unwrap();
        assert!(written.as_object().unwrap().keys().eq(CallSummary::FIELDS));
    }
}
