//! Runs side by side. They are read one after the other, and of each only what is compared is held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use semver::Version;
use serde_json::{Value, json};
use simulay_containers::ImageId;
use simulay_model::comparison::{Field, Group, JoinedPlot, PlotJoin, Row, fields, rows, unit_at};
use simulay_model::{CallEnd, Document, Manifest, PluginName, Principal, Run, RunId, RunSummary, Weight};
use simulay_store::StoreError;

use super::Reader;
use crate::EngineError;

/// Inputs of a run that are compared.
const MOST_INPUTS: usize = 200;
/// Rows that are told.
const MOST_ROWS: usize = 5_000;

/// What to compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The runs, each once.
    pub runs: Vec<RunId>,
    /// Which of them the others are compared with.
    pub base: RunId,
    /// Tell also what is the same everywhere.
    pub all: bool,
    /// How far a number may be from that of the base, relative to it; near zero, as it is.
    pub tolerance: f64,
    /// About how many points a curve has.
    pub points: usize,
}

/// Runs side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// In the order asked for.
    pub runs: Vec<RunSummary>,
    /// What they have, a row for each field.
    pub rows: Vec<Row>,
    /// Their plots.
    pub plots: Vec<JoinedPlot>,
    /// What is not compared because there is too much of it, in words.
    pub left_out: Vec<String>,
}

/// What is held of the runs while they are read.
struct Gathered {
    fields: Vec<Vec<Field>>,
    plots: PlotJoin,
    left_out: Vec<String>,
}

/// By their logical names, those that the calls of a run ran in.
type Images = BTreeMap<String, BTreeSet<ImageId>>;

type Manifests = HashMap<(PluginName, Version), Option<Arc<Manifest>>>;

impl Reader {
    /// Compares runs.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when one of them is not there.
    pub async fn compare(&self, principal: &Principal, asked: &Compared) -> Result<Comparison, EngineError> {
        let mut summaries = Vec::with_capacity(asked.runs.len());
        for run in &asked.runs {
            summaries.push(self.run_summary(principal, *run).await?.ok_or(StoreError::NotFound)?);
        }
        let number = asked.runs.len();
        let base = asked.runs.iter().position(|run| *run == asked.base).unwrap_or(0);
        let mut gathered = Gathered {
            fields: vec![Vec::new(); number],
            plots: PlotJoin::new(number, asked.points),
            left_out: Vec::new(),
        };
        let mut manifests = Manifests::new();
        // The base first: it decides where curves are compared.
        for place in std::iter::once(base).chain((0..number).filter(|place| *place != base)) {
            let Some(run) = asked.runs.get(place) else { continue };
            gathered = self.gather(principal, *run, place, gathered, &mut manifests).await?;
        }
        let Gathered { fields, plots, mut left_out } = gathered;
        left_out.extend(plots.more.then(|| "some curves, of which there are too many".to_owned()));
        let mut rows = rows(&fields, base, asked.tolerance);
        rows.retain(|row| asked.all || row.differs);
        left_out.extend((rows.len() > MOST_ROWS).then(|| format!("rows beyond the first {MOST_ROWS}")));
        rows.truncate(MOST_ROWS);
        Ok(Comparison { runs: summaries, rows, plots: plots.against(base).plots, left_out })
    }

    /// What was gathered, and the run in the place `place`.
    async fn gather(
        &self,
        principal: &Principal,
        id: RunId,
        place: usize,
        gathered: Gathered,
        manifests: &mut Manifests,
    ) -> Result<Gathered, EngineError> {
        let images = self.images(principal, id).await?;
        let held = self.reports.place().await?;
        let run = self.run(principal, id).await?.ok_or(StoreError::NotFound)?;
        let manifest = self.manifest(principal, &run, manifests).await?;
        let permit = self.shared.limits.check().await?;
        let gathered = permit.work(weight(&run), move || {
            let _held = held;
            gathered.with(place, &run, images, manifest.as_deref())
        });
        gathered.await
    }

    /// The images that the container calls of a run name, with those that they ran in, as far as that is known.
    async fn images(&self, principal: &Principal, id: RunId) -> Result<Images, EngineError> {
        let mut images = Images::new();
        for record in self.calls(principal, id).await? {
            let ran_in = match record.end {
                Some(CallEnd::Result(result)) => result.image,
                _ => None,
            };
            images.entry(record.call.image).or_default().extend(ran_in.map(ImageId::from));
        }
        Ok(images)
    }

    /// What the version of a run says of itself, when the principal still sees it.
    async fn manifest(
        &self,
        principal: &Principal,
        run: &Run,
        known: &mut Manifests,
    ) -> Result<Option<Arc<Manifest>>, EngineError> {
        let (name, version) = (&run.plugin.name, &run.plugin.version);
        let key = (name.clone(), version.clone());
        if let Some(manifest) = known.get(&key) {
            return Ok(manifest.clone());
        }
        let plugin = self.shared.parts.plugins.version(&principal.visible_plugins(), name, version).await?;
        let manifest = plugin.map(|plugin| Arc::new(plugin.manifest));
        known.insert(key, manifest.clone());
        Ok(manifest)
    }
}

/// What the trees of its documents take.
fn weight(run: &Run) -> Weight {
    let outcome = run.report.as_ref().map(|report| &report.outcome);
    let weights = std::iter::once(&run.request.params).chain(outcome).filter_map(|it| it.weight().ok());
    Weight(weights.fold(0, |sum, weight| sum.saturating_add(weight.0)))
}

impl Gathered {
    /// The same, and a run.
    fn with(mut self, place: usize, run: &Run, images: Images, manifest: Option<&Manifest>) -> Self {
        let mut told = of_run(run, images);
        if run.request.inputs.len() > MOST_INPUTS {
            self.left_out.push(format!("inputs of run {} beyond the first {MOST_INPUTS}", run.id));
        }
        let params = manifest.map(|manifest| &manifest.params_schema);
        let results = manifest.map(|manifest| &manifest.result_schema);
        told.extend(self.document(run.id, Group::Params, &run.request.params, params));
        if let Some(report) = &run.report {
            told.extend(self.document(run.id, Group::Outcome, &report.outcome, results));
            self.plots.add(place, &report.plots);
        }
        if let Some(held) = self.fields.get_mut(place) {
            *held = told;
        }
        self
    }

    fn document(
        &mut self,
        run: RunId,
        group: Group,
        document: &Document,
        schema: Option<&Value>,
    ) -> Vec<Field> {
        let found = document.value().map(|value| fields(&value)).unwrap_or_default();
        if found.more {
            let name: &str = group.into();
            self.left_out.push(format!("fields of `{name}` of run {run}, of which there are too many"));
        }
        let unit = |pointer: &str| schema.and_then(|schema| unit_at(schema, pointer)).map(str::to_owned);
        let field = |(name, value): (String, Value)| Field { group, unit: unit(&name), name, value };
        found.values.into_iter().map(field).collect()
    }
}

/// What a run is, without its documents.
fn of_run(run: &Run, images: Images) -> Vec<Field> {
    let field = |group, name: &str, value| Field { group, name: name.to_owned(), unit: None, value };
    let inputs = run.request.inputs.iter();
    let inputs = inputs.map(|input| field(Group::Input, input.path.as_str(), json!(input.sha256)));
    let error = run.error.as_ref().map(|error| field(Group::State, "error", json!(error.kind)));
    let mut all = vec![
        field(Group::Version, "pipeline", json!(run.plugin.name)),
        field(Group::Version, "version", json!(run.plugin.version)),
        field(Group::Version, "sha256", json!(run.plugin.sha256)),
        field(Group::Seed, "seed", json!(run.request.seed)),
        field(Group::State, "state", json!(run.state)),
    ];
    all.extend(images.iter().map(|(name, ids)| field(Group::Image, name, shown(ids))));
    all.extend(inputs.take(MOST_INPUTS).chain(error));
    all
}

/// The image that a name stood for; several when it was registered anew meanwhile, true when nobody knows.
fn shown(ids: &BTreeSet<ImageId>) -> Value {
    match ids.iter().collect::<Vec<_>>().as_slice() {
        [] => json!(true),
        [id] => json!(id),
        ids => json!(ids),
    }
}
