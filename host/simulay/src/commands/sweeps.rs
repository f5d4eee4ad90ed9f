//! `simulay sweeps`: many runs at once, whose parameters vary.

mod create;
mod points;
mod vary;
mod watch;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;
use simulay_api::wire::{Sweep, SweepList};
use simulay_model::{PluginName, SweepId, SweepState};

use super::options::ServerOption;
use crate::client::{Client, read};
use crate::render;
use crate::terminal::{Table, print, print_json};

/// Sweeps on a server.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOption,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Starts a sweep of a pipeline.
    Create(create::Create),
    /// Tells how many points a sweep would have, how long it may take, and what the first would do.
    Preview(create::Preview),
    /// Lists sweeps, the newest first.
    List(ListArguments),
    /// Shows a sweep, and where its points are.
    Show {
        /// Sweep.
        id: SweepId,
    },
    /// Lists the points of a sweep: values, state, outcomes.
    Points(points::Arguments),
    /// Follows a sweep until it ends.
    Watch {
        /// Sweep.
        id: SweepId,
    },
    /// Asks for the end of a sweep and of its runs.
    Cancel {
        /// Sweep.
        id: SweepId,
    },
    /// Runs each point that failed once more.
    Retry {
        /// Sweep.
        id: SweepId,
    },
    /// Adds points; those that are there do not change.
    Extend {
        /// Sweep.
        id: SweepId,
        /// How many more.
        points: u32,
    },
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only sweeps of this pipeline.
    #[arg(long)]
    pipeline: Option<PluginName>,
    /// Only sweeps in this state.
    #[arg(long)]
    state: Option<SweepState>,
    /// The most sweeps to list.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
}

/// Does what `arguments` say.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let client = arguments.server.client()?;
    match arguments.verb {
        Verb::Create(asked) => return create::execute(&client, asked, json).await,
        Verb::Watch { id } => return watch::execute(&client, id, json).await,
        Verb::Preview(asked) => create::preview(&client, asked, json).await?,
        Verb::List(wanted) => list(&client, &wanted, json).await?,
        Verb::Show { id } => show(&client.sweep(id).await?, json)?,
        Verb::Points(wanted) => points::execute(&client, &wanted, json).await?,
        Verb::Cancel { id } => show(&client.change_sweep(id, "cancel").await?, json)?,
        Verb::Retry { id } => show(&client.change_sweep(id, "retry").await?, json)?,
        Verb::Extend { id, points } => show(&client.extend_sweep(id, points).await?, json)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client, wanted: &ListArguments, json: bool) -> anyhow::Result<()> {
    let mut path = format!("/v1/sweeps?limit={}", wanted.limit);
    if let Some(pipeline) = &wanted.pipeline {
        path.push_str(&format!("&pipeline={pipeline}"));
    }
    if let Some(state) = wanted.state {
        path.push_str(&format!("&state={}", state.as_str()));
    }
    let sweeps = client.get(&path).await?;
    if json {
        return Ok(print_json(&sweeps)?);
    }
    let mut table = Table::new(["SWEEP", "PIPELINE", "STATE", "POINTS", "NAME", "CREATED"]);
    for sweep in &read::<SweepList>(&sweeps)?.sweeps {
        let name = sweep.name.as_ref().map(ToString::to_string).unwrap_or_default();
        let (id, points) = (sweep.id.to_string(), sweep.points.to_string());
        let (state, created) = (sweep.state.to_string(), sweep.created_at.to_string());
        table.row([&id, &render::plugin_of(&sweep.plugin), &state, &points, &name, &created]);
    }
    Ok(print(&table.text())?)
}

fn show(sweep: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(print_json(sweep)?);
    }
    let sweep: Sweep = read(sweep)?;
    let summary = &sweep.summary;
    let mut facts = Table::bare();
    facts.row(["sweep", &summary.id.to_string()]);
    if let Some(name) = &summary.name {
        facts.row(["name", name.as_str()]);
    }
    facts.row(["pipeline", &render::plugin_of(&summary.plugin)]);
    facts.row(["state", &summary.state.to_string()]);
    facts.row(["method", &sweep.method.to_string().replace('_', " ")]);
    for parameter in &sweep.parameters {
        facts.row(["varies", parameter.pointer.as_str()]);
    }
    facts.row(["seed", &sweep.seed.to_string()]);
    facts.row(["points", &format!("{}: {}", summary.points, watch::counted(&sweep.counts))]);
    if let Some(run) = summary.stopped_by {
        facts.row(["stopped by", &run.to_string()]);
    }
    facts.row(["created", &summary.created_at.to_string()]);
    if let Some(at) = summary.ended_at {
        facts.row(["ended", &at.to_string()]);
    }
    Ok(print(&facts.text())?)
}
