//! What a run succeeded with.

use serde::{Deserialize, Serialize};
use simulay_model::{Document, Plot, Report, ReportFile, Series};

use super::Stored;
use super::call::StoredSource;

#[derive(Serialize, Deserialize)]
pub struct StoredReport<'a> {
    outcome: Document,
    plots: Vec<StoredPlot>,
    artifacts: Vec<StoredKept<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredPlot {
    title: String,
    x: StoredSeries,
    ys: Vec<StoredSeries>,
}

#[derive(Serialize, Deserialize)]
struct StoredSeries {
    name: String,
    unit: String,
    values: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct StoredKept<'a> {
    name: String,
    media_type: String,
    content: StoredSource<'a>,
}

impl Stored for Report {
    type Document = StoredReport<'static>;

    fn document(&self) -> impl Serialize {
        let Self { outcome, plots, artifacts } = self;
        StoredReport {
            outcome: outcome.clone(),
            plots: plots.iter().map(Into::into).collect(),
            artifacts: artifacts.iter().map(Into::into).collect(),
        }
    }

    fn restore(StoredReport { outcome, plots, artifacts }: Self::Document) -> Self {
        Self {
            outcome,
            plots: plots.into_iter().map(Into::into).collect(),
            artifacts: artifacts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&Plot> for StoredPlot {
    fn from(Plot { title, x, ys }: &Plot) -> Self {
        Self { title: title.clone(), x: x.into(), ys: ys.iter().map(Into::into).collect() }
    }
}

impl From<StoredPlot> for Plot {
    fn from(StoredPlot { title, x, ys }: StoredPlot) -> Self {
        Self { title, x: x.into(), ys: ys.into_iter().map(Into::into).collect() }
    }
}

impl From<&Series> for StoredSeries {
    fn from(series: &Series) -> Self {
        let Series { name, unit, values } = series.clone();
        Self { name, unit, values }
    }
}

impl From<StoredSeries> for Series {
    fn from(StoredSeries { name, unit, values }: StoredSeries) -> Self {
        Self { name, unit, values }
    }
}

impl<'a> From<&'a ReportFile> for StoredKept<'a> {
    fn from(ReportFile { name, media_type, content }: &'a ReportFile) -> Self {
        Self { name: name.clone(), media_type: media_type.clone(), content: content.into() }
    }
}

impl From<StoredKept<'_>> for ReportFile {
    fn from(StoredKept { name, media_type, content }: StoredKept<'_>) -> Self {
        Self { name, media_type, content: content.into() }
    }
}
