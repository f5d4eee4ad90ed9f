//! Runs without their documents: what lists show, and what is asked of runs that only wait.

use jiff::Timestamp;

use crate::{AccountName, Labels, PluginRef, Run, RunError, RunId, RunName, RunState, SweepPoint};

/// A run without its parameters, inputs and report, which may be large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Identity.
    pub id: RunId,
    /// Whose it is.
    pub owner: AccountName,
    /// The version it began with and stays on.
    pub plugin: PluginRef,
    /// What people call it.
    pub name: Option<RunName>,
    /// By what people sort it.
    pub labels: Labels,
    /// The point of a sweep that it is, if it is one.
    pub sweep: Option<SweepPoint>,
    /// Where it is.
    pub state: RunState,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When work on it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Cause, when it did not succeed.
    pub error: Option<RunError>,
}

impl From<&Run> for RunSummary {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id,
            owner: run.owner.clone(),
            plugin: run.plugin.clone(),
            name: run.name.clone(),
            labels: run.labels.clone(),
            sweep: run.sweep,
            state: run.state,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
            error: run.error.clone(),
        }
    }
}
