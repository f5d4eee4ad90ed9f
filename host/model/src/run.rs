//! Runs: one execution of a pipeline for one request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{PluginRef, Report, Request, RunError, RunId};

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Ended because the whole run took too long.
    TimedOut,
}

impl RunState {
    /// True for the states nothing follows.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut)
    }

    /// All states, in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::TimedOut];

    /// The state as it is written, e.g. `timed_out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }
}

impl std::str::FromStr for RunState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is not a run state; use one of {names}")
        })
    }
}

/// One execution of a pipeline for one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Identity.
    pub id: RunId,
    /// The version it began with and stays on.
    pub plugin: PluginRef,
    /// What is asked.
    pub request: Request,
    /// How often a call is tried again after its command failed.
    pub retries: u32,
    /// Where it is.
    pub state: RunState,
    /// Steps planned so far.
    pub steps: u32,
    /// Someone asked for its end.
    pub cancel_requested: bool,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When work on it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Outcome, when it succeeded.
    pub report: Option<Report>,
    /// Cause, when it did not.
    pub error: Option<RunError>,
}
