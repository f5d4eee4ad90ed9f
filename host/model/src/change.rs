//! What can happen to a run. Each change is stored in one transaction with one event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{CallEnd, Document, Report, RunError, RunId, RunState, Step};

/// The part of the pipeline something happened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The plugin turns the request into a step.
    PreProcess,
    /// Containers work.
    Simulate,
    /// The plugin turns results into a report or another step.
    PostProcess,
}

/// How much a log message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// For the curious.
    Info,
    /// Something is off.
    Warn,
    /// Something failed.
    Error,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// With a report whose kept files are artifacts.
    Succeeded(Report),
    /// With an error.
    Failed(RunError),
    /// By request.
    Cancelled,
    /// The whole run took too long.
    TimedOut(RunError),
}

impl RunEnd {
    /// The state the run is in afterwards.
    #[must_use]
    pub const fn state(&self) -> RunState {
        match self {
            Self::Succeeded(_) => RunState::Succeeded,
            Self::Failed(_) => RunState::Failed,
            Self::Cancelled => RunState::Cancelled,
            Self::TimedOut(_) => RunState::TimedOut,
        }
    }
}

/// One thing that happens to a run.
#[expect(clippy::large_enum_variant, reason = "one at a time, never in bulk")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Work begins.
    Started,
    /// The plugin planned a step; its number, from 0.
    StepPlanned {
        /// Number of the step, from 0.
        step: u32,
        /// The plan.
        plan: Step,
    },
    /// The intent to start a container; stored before Docker is asked.
    CallStarted {
        /// Step.
        step: u32,
        /// Place in the step.
        call: u32,
        /// Attempt, from 0.
        attempt: u32,
    },
    /// A call came to its end.
    CallEnded {
        /// Step.
        step: u32,
        /// Place in the step.
        call: u32,
        /// Attempt, from 0.
        attempt: u32,
        /// How it ended.
        end: CallEnd,
    },
    /// The plugin wrote to the log of the run.
    Logged {
        /// Where.
        stage: Stage,
        /// How much it matters.
        level: LogLevel,
        /// What it says.
        message: String,
    },
    /// Someone asked for the end of the run.
    CancelRequested,
    /// The run ended; nothing follows.
    Ended(RunEnd),
}

/// A change as everyone may see it: numbered without gaps from 1 within its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// Its place; the first event, `run.queued`, is 1.
    pub sequence: u64,
    /// When it was stored.
    pub at: Timestamp,
    /// E.g. `call.ended`.
    pub kind: String,
    /// What there is to say.
    pub data: Document,
}

impl Change {
    /// Kind of the event that tells of this change.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started => "run.started",
            Self::StepPlanned { .. } => "step.planned",
            Self::CallStarted { .. } => "call.started",
            Self::CallEnded { .. } => "call.ended",
            Self::Logged { .. } => "log",
            Self::CancelRequested => "run.cancel_requested",
            Self::Ended(_) => "run.ended",
        }
    }

    /// Data of that event.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn data(&self) -> Result<Document, serde_json::Error> {
        match self {
            Self::Started | Self::CancelRequested => Ok(json!({}).into()),
            Self::StepPlanned { step, plan } => {
                let calls: Vec<_> = plan.calls.iter().map(|call| &call.name).collect();
                Ok(json!({ "step": step, "calls": calls }).into())
            }
            Self::CallStarted { step, call, attempt } => {
                Ok(json!({ "step": step, "call": call, "attempt": attempt }).into())
            }
            Self::CallEnded { step, call, attempt, end } => {
                let mut data = json!({ "step": step, "call": call, "attempt": attempt });
                merge(&mut data, call_end(end));
                Ok(data.into())
            }
            Self::Logged { stage, level, message } => {
                Ok(json!({ "stage": stage, "level": level, "message": message }).into())
            }
            Self::Ended(end) => Document::of(&RunEnded::from(end)),
        }
    }
}

fn call_end(end: &CallEnd) -> Value {
    match end {
        CallEnd::Result(result) => json!({
            "name": result.name, "ending": result.ending, "wall_ms": result.wall_ms,
            "outputs": result.outputs, "reused": result.reused,
            "left_out": result.left_out.len() as u64 + result.left_out_more,
            "cpu_ms": result.cpu_ms, "peak_memory_bytes": result.peak_memory_bytes,
        }),
        CallEnd::Error(error) => json!({ "error": error }),
    }
}

/// What the last event says. Its outcome is passed on as it is.
#[derive(Serialize)]
struct RunEnded<'a> {
    state: RunState,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a Document>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RunError>,
}

impl<'a> From<&'a RunEnd> for RunEnded<'a> {
    fn from(end: &'a RunEnd) -> Self {
        let (outcome, error) = match end {
            RunEnd::Succeeded(report) => (Some(&report.outcome), None),
            RunEnd::Failed(error) | RunEnd::TimedOut(error) => (None, Some(error)),
            RunEnd::Cancelled => (None, None),
        };
        Self { state: end.state(), outcome, error }
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
