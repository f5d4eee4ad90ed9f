//! `simulay runs edit`.

use std::collections::BTreeMap;

use clap::Args;
use simulay_api::wire::{RunPatch, RunSummary};
use simulay_model::{Label, LabelKey, RunId, RunName};

use crate::client::{Client, read};
use crate::terminal::{print_json, say};

/// What a run is to be called and sorted by.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Changes {
    /// Its name from now on.
    #[arg(long, value_name = "NAME", conflicts_with = "no_name")]
    name: Option<RunName>,
    /// It is to have no name.
    #[arg(long)]
    no_name: bool,
    /// A label that is set; may be given several times.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// A label that goes; may be given several times.
    #[arg(long = "no-label", value_name = "KEY")]
    no_labels: Vec<LabelKey>,
}

/// A run, and how it is to change.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Run.
    id: RunId,
    #[command(flatten)]
    changes: Changes,
}

impl From<Changes> for RunPatch {
    fn from(Changes { name, no_name, labels, no_labels }: Changes) -> Self {
        let set = labels.into_iter().map(|Label { key, value }| (key, Some(value)));
        let labels: BTreeMap<_, _> = no_labels.into_iter().map(|key| (key, None)).chain(set).collect();
        let name = if no_name { Some(None) } else { name.map(Some) };
        Self { name, labels: Some(Some(labels)).filter(|labels| *labels != Some(BTreeMap::new())) }
    }
}

/// Changes what a run is called and sorted by.
pub(super) async fn execute(client: &Client, arguments: Arguments, json: bool) -> anyhow::Result<()> {
    let run = client.describe(arguments.id, &arguments.changes.into()).await?;
    if json {
        return Ok(print_json(&run)?);
    }
    let RunSummary { id, name, labels, .. } = read(&run)?;
    let name = name.map_or_else(|| "without a name".to_owned(), |name| format!("called {name}"));
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Ok(say(&format!("{id} is {name}, labels: {}", labels.join(", ")))?)
}
