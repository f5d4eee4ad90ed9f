//! The outcome of a run.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use simulay_model::Document;
use utoipa::ToSchema;

/// Numbers of one quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// UCUM unit, or empty.
    pub unit: String,
    /// One value per point.
    pub values: Vec<f64>,
}

/// A line plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plot {
    /// Heading.
    pub title: String,
    /// Abscissa.
    pub x: Series,
    /// Ordinates, each as long as `x`.
    pub ys: Vec<Series>,
}

/// A file the report offers; its bytes are an artifact of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptFile {
    /// File name offered.
    pub name: String,
    /// Media type the plugin claims; the download has one from the host's own list.
    pub media_type: String,
    /// The artifact.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Valid against the pipeline's result schema.
    #[schema(value_type = Value)]
    pub outcome: Document,
    /// Line plots.
    pub plots: Vec<Plot>,
    /// Files kept.
    pub artifacts: Vec<KeptFile>,
}

impl Report {
    /// Leaves of the plots what they are, and no numbers.
    pub(crate) fn omit_numbers(&mut self) {
        let plots = self.plots.iter_mut();
        plots
            .flat_map(|plot| std::iter::once(&mut plot.x).chain(&mut plot.ys))
            .for_each(|it| it.values.clear());
    }
}

impl From<model::Series> for Series {
    fn from(series: model::Series) -> Self {
        Self { name: series.name, unit: series.unit, values: series.values }
    }
}

impl From<model::Plot> for Plot {
    fn from(plot: model::Plot) -> Self {
        Self { title: plot.title, x: plot.x.into(), ys: plot.ys.into_iter().map(Into::into).collect() }
    }
}

impl KeptFile {
    /// `None` when the content is not an artifact, which a stored report never has.
    fn new(kept: model::ReportFile) -> Option<Self> {
        let model::Source::Artifact(sha256) = kept.content else { return None };
        Some(Self { name: kept.name, media_type: kept.media_type, sha256 })
    }
}

impl From<model::Report> for Report {
    fn from(report: model::Report) -> Self {
        Self {
            outcome: report.outcome,
            plots: report.plots.into_iter().map(Into::into).collect(),
            artifacts: report.artifacts.into_iter().filter_map(KeptFile::new).collect(),
        }
    }
}
