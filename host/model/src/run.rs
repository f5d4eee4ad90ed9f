//! Runs: one execution of a pipeline for one request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::{
    AccountName, Labels, PluginName, PluginRef, Report, Request, RunError, RunId, RunName, SweepPoint,
};

/// Where a run is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", parse_err_ty = String, parse_err_fn = unknown)]
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

    /// The state as it is written, e.g. `timed_out`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not a run state; use one of {}", RunState::VARIANTS.join(", "))
}

const fn yes() -> bool {
    true
}

/// One execution of a pipeline for one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Identity.
    pub id: RunId,
    /// Whose it is.
    pub owner: AccountName,
    /// The version it began with and stays on.
    pub plugin: PluginRef,
    /// What people call it.
    #[serde(default)]
    pub name: Option<RunName>,
    /// By what people sort it.
    #[serde(default)]
    pub labels: Labels,
    /// The point of a sweep that it is, if it is one.
    #[serde(default)]
    pub sweep: Option<SweepPoint>,
    /// What is asked.
    pub request: Request,
    /// How often a call is tried again after its command failed.
    pub retries: u32,
    /// Whether results of earlier, equal calls may be taken.
    #[serde(default = "yes")]
    pub reuse: bool,
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

/// A run that has not ended, and whose turn it is by: that of its owner, and of its pipeline among his.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedRun {
    /// Identity.
    pub id: RunId,
    /// Whose it is.
    pub owner: AccountName,
    /// What it is a run of.
    pub pipeline: PluginName,
}

impl From<&Run> for UnfinishedRun {
    fn from(run: &Run) -> Self {
        Self { id: run.id, owner: run.owner.clone(), pipeline: run.plugin.name.clone() }
    }
}
