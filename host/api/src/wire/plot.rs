//! Plots of a run, apart from it.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use simulay_model::curve::{Curve, Window, decimate};
use utoipa::ToSchema;

/// A quantity of a plot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Axis {
    /// What it is.
    pub name: String,
    /// UCUM unit, or empty.
    #[schema(example = "K")]
    pub unit: String,
}

/// A plot without its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlotSummary {
    /// Its number, from 0.
    pub number: usize,
    /// Heading.
    pub title: String,
    /// Abscissa.
    pub x: Axis,
    /// Ordinates.
    pub series: Vec<Axis>,
    /// Points that each has.
    pub points: usize,
}

/// The plots of a run; none while it has no report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlotList {
    /// In the order of the report.
    pub plots: Vec<PlotSummary>,
}

/// A plot by as many points as were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlotCurves {
    /// Heading.
    pub title: String,
    /// Abscissa.
    pub x: Axis,
    /// Ordinates, each with abscissas of its own: those at which its least and its greatest values lie.
    pub series: Vec<PlottedCurve>,
}

/// A curve by as many points as were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlottedCurve {
    /// What it shows.
    pub name: String,
    /// UCUM unit, or empty.
    pub unit: String,
    /// Abscissas.
    pub x: Vec<f64>,
    /// Ordinates, one for each; `null` where the curve is interrupted.
    pub y: Vec<Option<f64>>,
    /// Points of the whole curve.
    pub of: usize,
}

impl From<&model::Series> for Axis {
    fn from(series: &model::Series) -> Self {
        Self { name: series.name.clone(), unit: series.unit.clone() }
    }
}

impl PlotSummary {
    pub(crate) fn new(number: usize, plot: &model::Plot) -> Self {
        Self {
            number,
            title: plot.title.clone(),
            x: (&plot.x).into(),
            series: plot.ys.iter().map(Into::into).collect(),
            points: plot.x.values.len(),
        }
    }
}

impl PlotCurves {
    /// What `window` shows of the plot, by at most `points` of each curve.
    pub(crate) fn new(plot: &model::Plot, window: Window, points: usize) -> Self {
        let curve = |series: &model::Series| {
            let Curve { x, y } = decimate(&plot.x.values, &series.values, window, points);
            let Axis { name, unit } = series.into();
            PlottedCurve { name, unit, x, y: numbers(&y), of: series.values.len() }
        };
        Self { title: plot.title.clone(), x: (&plot.x).into(), series: plot.ys.iter().map(curve).collect() }
    }
}

/// Values as JSON has them: nothing instead of what is no number.
pub(super) fn numbers(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|value| Some(*value).filter(|value| value.is_finite())).collect()
}
