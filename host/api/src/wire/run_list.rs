//! Runs in lists, and how many there are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_engine as engine;
use simulay_model as model;
use simulay_store as store;
use utoipa::ToSchema;

use super::open::Open;
use super::run::{PluginRef, RunError, RunState};
use super::sweep_point::SweepPoint;

/// A run in a list: without parameters and report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunSummary {
    /// Identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: model::RunId,
    /// The account it belongs to.
    #[serde(default)]
    #[schema(example = "local")]
    pub owner: String,
    /// Version.
    pub plugin: PluginRef,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<model::RunName>,
    /// By what people sort it.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: model::Labels,
    /// The point of a sweep that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepPoint>,
    /// Where it is.
    #[schema(value_type = RunState)]
    pub state: Open<RunState>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When work on it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Cause, when it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// The `fields` that were asked for: a number, a text of at most 200 characters, true or false; null where there is
    /// none of these, or the document is larger than 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    pub values: Option<BTreeMap<String, Value>>,
}

/// Runs from the newest to the oldest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunList {
    /// One page.
    pub runs: Vec<RunSummary>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many there are on all pages, when that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<RunTotal>,
}

/// How many runs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunTotal {
    /// As many as were counted, at most 10000.
    pub count: u64,
    /// There are more.
    pub at_least: bool,
}

/// How many runs are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunCounts {
    /// Waiting for their turn.
    pub queued: u64,
    /// At work.
    pub running: u64,
    /// Ended with a report.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Ended by request.
    pub cancelled: u64,
    /// Ended because they took too long.
    pub timed_out: u64,
}

/// How long a run may take: from when work on it begins to its end, as the last ones that succeeded did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// How many runs it comes of, at most 20.
    pub runs: u64,
    /// The version they are of.
    #[schema(example = "1.0.0")]
    pub version: String,
    /// A half of them took no longer, milliseconds; null when there was none.
    pub median_ms: Option<u64>,
    /// A quarter of them took no longer, milliseconds.
    pub lower_ms: Option<u64>,
    /// Three quarters of them took no longer, milliseconds.
    pub upper_ms: Option<u64>,
}

impl From<model::RunSummary> for RunSummary {
    fn from(run: model::RunSummary) -> Self {
        Self {
            id: run.id,
            owner: run.owner.into(),
            plugin: run.plugin.into(),
            name: run.name,
            labels: run.labels,
            sweep: run.sweep.map(Into::into),
            state: RunState::from(run.state).into(),
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
            error: run.error.map(Into::into),
            values: None,
        }
    }
}

impl From<store::RunCounts> for RunCounts {
    fn from(counts: store::RunCounts) -> Self {
        let store::RunCounts { queued, running, succeeded, failed, cancelled, timed_out } = counts;
        Self { queued, running, succeeded, failed, cancelled, timed_out }
    }
}

impl From<engine::Estimate> for Estimate {
    fn from(estimate: engine::Estimate) -> Self {
        let engine::Estimate { version, runs, quartiles } = estimate;
        let of = |which: fn(engine::Quartiles) -> std::time::Duration| {
            quartiles.map(|quartiles| u64::try_from(which(quartiles).as_millis()).unwrap_or(u64::MAX))
        };
        Self {
            runs: runs as u64,
            version: version.to_string(),
            median_ms: of(|times| times.median),
            lower_ms: of(|times| times.lower),
            upper_ms: of(|times| times.upper),
        }
    }
}
