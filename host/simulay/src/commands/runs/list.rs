//! `simulay runs list` and `counts`.

use clap::Args;
use jiff::Timestamp;
use semver::Version;
use serde_json::Value;
use simulay_api::wire::{RunCounts, RunList, RunSummary};
use simulay_model::{ErrorKind, Label, PluginName, RunField, RunState, SweepId};

use crate::client::{Client, read};
use crate::render;
use crate::terminal::{Table, note, print, print_json, value};

/// Which runs to list, and what of them. All filters hold together.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only runs of this pipeline.
    #[arg(long)]
    pipeline: Option<PluginName>,
    /// Only runs of this version.
    #[arg(long)]
    version: Option<Version>,
    /// Only runs in one of these states, by commas.
    #[arg(long, value_delimiter = ',')]
    state: Vec<RunState>,
    /// Only runs that ended with an error of one of these kinds, by commas.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    error: Vec<ErrorKind>,
    /// Only runs accepted at this time or later, e.g. 2026-11-29T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    after: Option<Timestamp>,
    /// Only runs accepted before this time.
    #[arg(long, value_name = "TIME")]
    before: Option<Timestamp>,
    /// Only points of this sweep.
    #[arg(long, value_name = "ID")]
    sweep: Option<SweepId>,
    /// Only runs with this label; may be given several times.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// Only runs whose name has this in it, in capitals or not.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// A column more: a value of the parameters or of the outcome, e.g. params:/width or outcome:/peak; several by
    /// commas.
    #[arg(long = "column", value_name = "FIELD", value_delimiter = ',')]
    columns: Vec<RunField>,
    /// Tells how many there are, too.
    #[arg(long)]
    total: bool,
    /// The most runs to list.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
}

/// Which runs to count.
#[derive(Debug, Args)]
pub(super) struct Counted {
    /// Of those that ended, only at this time or later, e.g. 2026-11-29T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only runs of this pipeline.
    #[arg(long)]
    pipeline: Option<PluginName>,
}

impl Arguments {
    /// The query of the request.
    fn query(&self) -> Vec<(&'static str, String)> {
        let asked = [
            ("pipeline", text(self.pipeline.as_ref())),
            ("version", text(self.version.as_ref())),
            ("state", joined(self.state.iter().map(|state| state.as_str()))),
            ("error", joined(self.error.iter().map(|kind| kind.as_str()))),
            ("created_after", text(self.after.as_ref())),
            ("created_before", text(self.before.as_ref())),
            ("sweep", text(self.sweep.as_ref())),
            ("label", joined(self.labels.iter())),
            ("name", self.name.clone().unwrap_or_default()),
            ("fields", joined(self.columns.iter())),
            ("total", if self.total { "true".to_owned() } else { String::new() }),
            ("limit", self.limit.to_string()),
        ];
        asked.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

fn joined(all: impl Iterator<Item = impl ToString>) -> String {
    all.map(|one| one.to_string()).collect::<Vec<_>>().join(",")
}

/// Lists runs.
pub(super) async fn execute(client: &Client, wanted: &Arguments, json: bool) -> anyhow::Result<()> {
    let runs = client.find("/v1/runs", &wanted.query()).await?;
    if json {
        return Ok(print_json(&runs)?);
    }
    let RunList { runs, total, .. } = read(&runs)?;
    let fields = wanted.columns.iter().map(RunField::as_str);
    let mut table = Table::bare();
    table.add(["RUN", "PIPELINE", "STATE", "CREATED", "NAME"].into_iter().chain(fields));
    for run in &runs {
        table.add(cells(run, &wanted.columns).iter().map(String::as_str));
    }
    print(&table.text())?;
    if let Some(total) = total {
        note(&format!("{} of {}{}", runs.len(), if total.at_least { "more than " } else { "" }, total.count));
    }
    Ok(())
}

fn cells(run: &RunSummary, columns: &[RunField]) -> Vec<String> {
    let name = run.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let (pipeline, state) = (render::plugin_of(&run.plugin), run.state.to_string());
    let values = run.values.clone().unwrap_or_default();
    let of = |field: &RunField| match values.get(field.as_str()) {
        None | Some(Value::Null) => String::new(),
        found => value(found),
    };
    let known = [run.id.to_string(), pipeline, state, run.created_at.to_string(), name];
    known.into_iter().chain(columns.iter().map(of)).collect()
}

/// Counts runs by their states.
pub(super) async fn count(client: &Client, counted: &Counted, json: bool) -> anyhow::Result<()> {
    let mut query = Vec::new();
    query.extend(counted.since.map(|since| ("since", since.to_string())));
    query.extend(counted.pipeline.as_ref().map(|pipeline| ("pipeline", pipeline.to_string())));
    let counts = client.find("/v1/runs/counts", &query).await?;
    if json {
        return Ok(print_json(&counts)?);
    }
    let RunCounts { queued, running, succeeded, failed, cancelled, timed_out } = read(&counts)?;
    let mut table = Table::bare();
    for (state, count) in [
        ("queued", queued),
        ("running", running),
        ("succeeded", succeeded),
        ("failed", failed),
        ("cancelled", cancelled),
        ("timed out", timed_out),
    ] {
        table.row([state, &count.to_string()]);
    }
    Ok(print(&table.text())?)
}
