//! `simulay runs`: runs on a server.

mod artifacts;
mod create;
mod links;
mod logs;
mod watch;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use simulay_api::wire::{self, RunList, RunSummary};
use simulay_model::{PluginName, RunId, RunState};

use super::options::ServerOption;
use crate::client::{Client, read};
use crate::render;
use crate::terminal::{Table, print, print_json, say};

/// Runs on a server.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOption,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Starts a run of a pipeline.
    Create(create::Arguments),
    /// Lists runs, the newest first.
    List(ListArguments),
    /// Shows a run: its state, and its outcome or error.
    Show {
        /// Run.
        id: RunId,
    },
    /// Follows a run until it ends.
    Watch {
        /// Run.
        id: RunId,
    },
    /// Asks for the end of a run.
    Cancel {
        /// Run.
        id: RunId,
    },
    /// Lists the artifacts of a run, or saves them with --out.
    Artifacts(artifacts::Arguments),
    /// Prints what a container call printed; goes on until the call ends.
    Logs(logs::Arguments),
    /// Makes a link to a run, for whoever is to look at it and at nothing else.
    Share(links::Share),
    /// Lists the links to a run.
    Links {
        /// Run.
        id: RunId,
    },
    /// Revokes a link to a run: within a second it opens nothing.
    Unshare(links::Unshare),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only runs of this pipeline.
    #[arg(long)]
    pipeline: Option<PluginName>,
    /// Only runs in this state.
    #[arg(long)]
    state: Option<RunState>,
    /// The most runs to list.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
}

/// Does what `arguments` say.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let client = arguments.server.client()?;
    match arguments.verb {
        Verb::Create(create) => return create::execute(&client, create, json).await,
        Verb::Watch { id } => return watch::execute(&client, id, json).await,
        Verb::List(wanted) => show_list(&client, &wanted, json).await?,
        Verb::Show { id } => show(&client, id, json).await?,
        Verb::Cancel { id } => cancel(&client, id, json).await?,
        Verb::Artifacts(wanted) => artifacts::execute(&client, wanted, json).await?,
        Verb::Logs(wanted) => logs::execute(&client, wanted).await?,
        Verb::Share(asked) => links::share(&client, asked, json).await?,
        Verb::Links { id } => links::list(&client, id, json).await?,
        Verb::Unshare(asked) => links::unshare(&client, asked, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(client: &Client, id: RunId, json: bool) -> anyhow::Result<()> {
    let run = client.run(id).await?;
    if json {
        print_json(&run)?
    } else {
        print(&render::run(&read(&run)?))?;
        print(&render::calls(&client.calls(id).await?))?
    }
    Ok(())
}

async fn cancel(client: &Client, id: RunId, json: bool) -> anyhow::Result<()> {
    let run = client.cancel(id).await?;
    if json {
        return Ok(print_json(&run)?);
    }
    let run: wire::Run = read(&run)?;
    let what = if run.state == wire::RunState::Cancelled { "is" } else { "will be" };
    Ok(say(&format!("{id} {what} cancelled"))?)
}

async fn show_list(client: &Client, wanted: &ListArguments, json: bool) -> anyhow::Result<()> {
    let mut path = format!("/v1/runs?limit={}", wanted.limit);
    if let Some(pipeline) = &wanted.pipeline {
        path.push_str(&format!("&pipeline={pipeline}"));
    }
    if let Some(state) = wanted.state {
        path.push_str(&format!("&state={}", state.as_str()));
    }
    let runs = client.get(&path).await?;
    if json {
        return Ok(print_json(&runs)?);
    }
    let mut table = Table::new(["RUN", "PIPELINE", "STATE", "CREATED"]);
    let RunList { runs, .. } = read(&runs)?;
    for RunSummary { id, plugin, state, created_at, .. } in &runs {
        let cells = [id.to_string(), render::plugin_of(plugin), state.to_string(), created_at.to_string()];
        table.row(cells.each_ref().map(String::as_str));
    }
    Ok(print(&table.text())?)
}
