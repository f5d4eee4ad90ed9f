//! Sweeps, and requests for them.

mod convert;
mod request;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_model as model;
use simulay_model::Document;
use strum::Display;
use utoipa::ToSchema;

use super::call::Preview;
use super::input::Input;
use super::run::{PluginRef, RunError, RunState};

pub use request::{MorePoints, NewSweep, RangeScale, StopRule, SweepMethod, Variation, VariedRange};

/// Where a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SweepState {
    /// Points get their runs, or these are not all at an end.
    Running,
    /// Its rule is met: runs that have not ended are cancelled.
    Stopping,
    /// Its end is asked for: runs that have not ended are cancelled.
    Cancelling,
    /// All points succeeded.
    Succeeded,
    /// All points ended, and not all succeeded.
    Ended,
    /// Ended by its rule.
    Stopped,
    /// Ended by request.
    Cancelled,
}

impl SweepState {
    /// True for the states that nothing follows by itself.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Succeeded | Self::Ended | Self::Stopped | Self::Cancelled)
    }
}

/// How the points of a sweep are laid out, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "`SweepMethod` says what each is")]
pub enum SweepLayout {
    Grid,
    LatinHypercube,
    Sobol,
    Random,
    Csv,
}

/// How many points are where, by the newest run of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PointCounts {
    /// Without a run yet.
    pub waiting: u32,
    /// Waiting for their turn.
    pub queued: u32,
    /// At work.
    pub running: u32,
    /// Ended with a report.
    pub succeeded: u32,
    /// Ended with an error.
    pub failed: u32,
    /// Ended by request.
    pub cancelled: u32,
    /// Ended because they took too long.
    pub timed_out: u32,
    /// Whose run was deleted since.
    pub deleted: u32,
}

/// A parameter that varies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VariedParameter {
    /// JSON Pointer into the parameters.
    #[schema(value_type = String, example = "/width_m")]
    pub pointer: model::ParamPointer,
    /// What it takes; absent when a table says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation: Option<Variation>,
}

/// Many runs of one version of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sweep {
    /// What lists show.
    #[serde(flatten)]
    pub summary: SweepSummary,
    /// Where its points are.
    pub counts: PointCounts,
    /// How its points are laid out.
    pub method: SweepLayout,
    /// True when more points can be asked for.
    pub extendable: bool,
    /// What varies, in its order.
    pub parameters: Vec<VariedParameter>,
    /// The parameters that do not.
    #[schema(value_type = Value)]
    pub fixed: Document,
    /// Files of every run.
    pub inputs: Vec<Input>,
    /// Of the points and of every run.
    pub seed: u64,
    /// The most runs of it that wait or are at work at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_at_once: Option<u32>,
    /// When it ends early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRule>,
}

/// A sweep without what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SweepSummary {
    /// Identity.
    #[schema(value_type = uuid::Uuid)]
    pub id: model::SweepId,
    /// The account it belongs to.
    #[schema(example = "local")]
    pub owner: String,
    /// The version that all its runs are of.
    pub plugin: PluginRef,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<model::RunName>,
    /// By what people sort it.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: model::Labels,
    /// Where it is.
    pub state: SweepState,
    /// How many points it has.
    pub points: u32,
    /// The run that met its rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub stopped_by: Option<model::RunId>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

/// A page of sweeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SweepList {
    /// From the newest to the oldest.
    pub sweeps: Vec<SweepSummary>,
    /// What to ask the next page with; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What a sweep would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SweepPreview {
    /// How many points it has, and so how many runs.
    pub points: u32,
    /// What varies, in its order.
    pub parameters: Vec<VariedParameter>,
    /// Of the points and of every run; ask for the sweep with it to get these points.
    pub seed: u64,
    /// The values of the first points, by JSON Pointer; a parameter that stays as it is, is not in it.
    #[schema(value_type = Vec<BTreeMap<String, Value>>)]
    pub first: Vec<IndexMap<String, Value>>,
    /// What the run of the first point would do first.
    pub preview: Preview,
    /// How long it may take; null when none of your runs of this version has succeeded.
    pub estimate: Option<SweepEstimate>,
}

/// How long a sweep may take, by the load of the moment: `run_ms` for each turn, and as many turns as it takes to work on
/// `before` and all points, `at_once` at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SweepEstimate {
    /// How many runs it comes of: your last ones that succeeded on this version, at most 20.
    pub runs: u64,
    /// What one takes: the median of them, without what they waited for each other, milliseconds.
    pub run_ms: u64,
    /// Your runs that wait or are at work: they come before.
    pub before: u64,
    /// How many runs are at work at once: as there are places, half of them while others have something to do too.
    pub at_once: u64,
    /// Until the last point has ended, milliseconds.
    pub time_ms: u64,
}

/// Where a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "`PointCounts` says what each is")]
pub enum PointState {
    Waiting,
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
    Deleted,
}

/// A point of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    /// Its number, from 0.
    pub point: u32,
    /// Where it is.
    pub state: PointState,
    /// Its values, by JSON Pointer; a parameter that stays as it is, is not in it.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub values: IndexMap<String, Value>,
    /// Its newest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub run: Option<model::RunId>,
    /// When work on that began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Why it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// What its outcome says where that was asked for, by JSON Pointer; `null` where there is no scalar.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub outcomes: IndexMap<String, Value>,
}

/// A page of points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointList {
    /// What varies, in its order.
    #[schema(value_type = Vec<String>)]
    pub parameters: Vec<model::ParamPointer>,
    /// The points, in their order.
    pub points: Vec<Point>,
    /// What to ask the next page with; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl From<RunState> for PointState {
    fn from(state: RunState) -> Self {
        match state {
            RunState::Queued => Self::Queued,
            RunState::Running => Self::Running,
            RunState::Succeeded => Self::Succeeded,
            RunState::Failed => Self::Failed,
            RunState::Cancelled => Self::Cancelled,
            RunState::TimedOut => Self::TimedOut,
        }
    }
}
