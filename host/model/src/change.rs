//! What can happen to a run. Each change is stored in one transaction with one event.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{Artifact, CallEnd, CallKey, Offer, Report, RunError, RunState, Step};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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

impl LogLevel {
    /// The level as it is written, e.g. `warn`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Work begins.
    Started,
    /// The plugin planned a step; its number, from 0.
    StepPlanned {
        /// Number of the step, from 0.
        step: u32,
        /// The plan.
        plan: Step,
        /// By what its calls are known, in their order; none for one whose result is not to be taken again.
        keys: Vec<Option<CallKey>>,
    },
    /// The intent to start a container; stored before Docker is asked.
    CallStarted {
        /// Step.
        step: u32,
        /// Its index in the step.
        index: u32,
        /// Attempt, from 0.
        attempt: u32,
        /// By what the call is known that is started.
        key: Option<CallKey>,
    },
    /// A call came to its end.
    CallEnded {
        /// Step.
        step: u32,
        /// Its index in the step.
        index: u32,
        /// Attempt, from 0.
        attempt: u32,
        /// How it ended.
        end: CallEnd,
        /// The equal call whose result was taken, if it was not carried out itself.
        taken: Option<Offer>,
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
    Ended {
        /// How.
        end: RunEnd,
        /// The files of its report.
        kept: Vec<Artifact>,
    },
}

impl Change {
    /// A plain end, without a report.
    #[must_use]
    pub const fn ended(end: RunEnd) -> Self {
        Self::Ended { end, kept: Vec::new() }
    }
}
