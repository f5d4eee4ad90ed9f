//! Runs side by side.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_engine as engine;
use simulay_model as model;
use simulay_model::comparison;
use strum::Display;
use utoipa::ToSchema;

use super::open::Open;
use super::plot::{Axis, numbers};
use super::run_list::RunSummary;

/// Runs side by side: every list of values, curves and flags goes by the order of `runs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// The run that the others are compared with.
    #[schema(value_type = uuid::Uuid)]
    pub base: model::RunId,
    /// The runs, in the order asked for.
    pub runs: Vec<RunSummary>,
    /// Fields, a row for each.
    pub rows: Vec<ComparisonRow>,
    /// Plots, joined by their titles.
    pub plots: Vec<JoinedPlot>,
    /// What is not compared because there is too much of it, in words.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ComparisonGroup {
    /// Which pipeline, version and component.
    Version,
    /// The images that its container calls name: the IDs of those that they ran in, `true` when nobody knows.
    Image,
    /// What everything random comes of.
    Seed,
    /// Files that were given, by their digests.
    Input,
    /// Parameters.
    Params,
    /// How it ended.
    State,
    /// What came out.
    Outcome,
}

/// A field of all runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComparisonRow {
    /// What it is about.
    #[schema(value_type = ComparisonGroup)]
    pub group: Open<ComparisonGroup>,
    /// JSON Pointer (RFC 6901) into parameters or outcome, or a name.
    #[schema(example = "/mesh/cells")]
    pub field: String,
    /// UCUM unit by the schema of the pipeline; absent when there is none, or not one for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What each run has there; a list or text that is long is told as `{"of", "length", "sha256"}`.
    pub values: Vec<Value>,
    /// Whether each run has the field: another `null` is a value.
    pub has: Vec<bool>,
    /// By how much each number is above that of the base.
    pub delta: Vec<Option<f64>>,
    /// The same by the size of that of the base; `null` when that is near zero (below 1e-30).
    pub relative: Vec<Option<f64>>,
    /// Whether each is farther from the base than `tolerance`, relative to the base, or absolute when that is near
    /// zero; of what is no number, whether it is something else.
    pub outside: Vec<bool>,
    /// Whether any is not as in the base.
    pub differs: bool,
    /// What makes the values unlike, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A plot of all runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JoinedPlot {
    /// Heading.
    pub title: String,
    /// Abscissa: that of the base, or of the first run that has the plot.
    pub x: Axis,
    /// Where the curves are compared.
    pub at: Vec<f64>,
    /// Its curves, joined by their names.
    pub series: Vec<JoinedSeries>,
}

/// A curve of all runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JoinedSeries {
    /// What it shows.
    pub name: String,
    /// UCUM unit, or empty: that of the base, or of the first run that has the curve.
    pub unit: String,
    /// What each run has.
    pub curves: Vec<JoinedCurve>,
}

/// A curve of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JoinedCurve {
    /// Its value at each place of `at`, by linear interpolation; `null` outside of it. Absent when it cannot be
    /// compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<Vec<Option<f64>>>,
    /// Why it cannot be compared, or what of it is not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it is farthest from the curve of the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest: Option<Deviation>,
}

/// How far a curve is from that of the base at a place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deviation {
    /// Abscissa.
    pub x: f64,
    /// Its value there minus that of the base.
    pub delta: f64,
}

impl Comparison {
    pub(crate) fn new(base: model::RunId, compared: engine::Comparison) -> Self {
        let engine::Comparison { runs, rows, plots, left_out } = compared;
        Self {
            base,
            runs: runs.into_iter().map(Into::into).collect(),
            rows: rows.into_iter().map(Into::into).collect(),
            plots: plots.into_iter().map(Into::into).collect(),
            left_out,
        }
    }
}

impl From<comparison::Group> for ComparisonGroup {
    fn from(group: comparison::Group) -> Self {
        match group {
            comparison::Group::Version => Self::Version,
            comparison::Group::Image => Self::Image,
            comparison::Group::Seed => Self::Seed,
            comparison::Group::Input => Self::Input,
            comparison::Group::Params => Self::Params,
            comparison::Group::State => Self::State,
            comparison::Group::Outcome => Self::Outcome,
        }
    }
}

impl From<comparison::Row> for ComparisonRow {
    fn from(row: comparison::Row) -> Self {
        let comparison::Row { group, field, unit, values, delta, relative, outside, differs, note } = row;
        let group = ComparisonGroup::from(group).into();
        let has = values.iter().map(Option::is_some).collect();
        let values = values.into_iter().map(Option::unwrap_or_default).collect();
        Self { group, field, unit, values, has, delta, relative, outside, differs, note }
    }
}

impl From<comparison::JoinedPlot> for JoinedPlot {
    fn from(plot: comparison::JoinedPlot) -> Self {
        let x = (&plot.x).into();
        Self {
            title: plot.title,
            x,
            at: plot.x.values,
            series: plot.series.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<comparison::JoinedSeries> for JoinedSeries {
    fn from(series: comparison::JoinedSeries) -> Self {
        let curves = series.curves.into_iter().map(Into::into).collect();
        Self { name: series.name, unit: series.unit, curves }
    }
}

impl From<comparison::JoinedCurve> for JoinedCurve {
    fn from(curve: comparison::JoinedCurve) -> Self {
        let largest = curve.largest.map(|comparison::Deviation { x, delta }| Deviation { x, delta });
        Self { y: curve.y.map(|y| numbers(&y)), note: curve.note, largest }
    }
}
