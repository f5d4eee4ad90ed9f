//! `simulay runs`: runs on a server.

mod artifacts;
mod create;
mod edit;
mod links;
mod list;
mod logs;
mod reuse;
mod watch;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use simulay_api::wire;
use simulay_engine::Selector;
use simulay_model::RunId;

use super::options::{ServerOption, selector};
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
    List(list::Arguments),
    /// Counts runs by their states.
    Counts(list::Counted),
    /// Tells how long a run may take, by the last ones that succeeded.
    Estimate {
        /// Pipeline, perhaps with a version: NAME or NAME@VERSION.
        #[arg(value_parser = selector)]
        pipeline: Selector,
    },
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
    /// Names and labels a run, also after its end.
    Edit(edit::Arguments),
    /// Asks for the end of a run.
    Cancel {
        /// Run.
        id: RunId,
    },
    /// Lists the artifacts of a run, or saves them with --out.
    Artifacts(artifacts::Arguments),
    /// Prints what a container call printed; goes on until the call ends.
    Logs(logs::Arguments),
    /// Tells why a container call took an earlier result, or why not.
    Reuse(reuse::Arguments),
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

/// Does what `arguments` say.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let client = arguments.server.client()?;
    match arguments.verb {
        Verb::Create(create) => return create::execute(&client, create, json).await,
        Verb::Watch { id } => return watch::execute(&client, id, json).await,
        Verb::List(wanted) => list::execute(&client, &wanted, json).await?,
        Verb::Counts(counted) => list::count(&client, &counted, json).await?,
        Verb::Estimate { pipeline } => estimate(&client, &pipeline, json).await?,
        Verb::Edit(arguments) => edit::execute(&client, arguments, json).await?,
        Verb::Show { id } => show(&client, id, json).await?,
        Verb::Cancel { id } => cancel(&client, id, json).await?,
        Verb::Artifacts(wanted) => artifacts::execute(&client, wanted, json).await?,
        Verb::Logs(wanted) => logs::execute(&client, wanted).await?,
        Verb::Reuse(asked) => reuse::execute(&client, asked, json).await?,
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

async fn estimate(client: &Client, pipeline: &Selector, json: bool) -> anyhow::Result<()> {
    let estimate = client.get(&format!("/v1/pipelines/{pipeline}/estimate")).await?;
    if json {
        return Ok(print_json(&estimate)?);
    }
    let wire::Estimate { runs, version, median_ms, lower_ms, upper_ms } = read(&estimate)?;
    let (Some(median), Some(lower), Some(upper)) = (median_ms, lower_ms, upper_ms) else {
        return Ok(say(&format!("no run of version {version} has succeeded"))?);
    };
    let [median, lower, upper] = [median, lower, upper].map(render::time);
    let mut facts = Table::bare();
    facts.row(["version", &version]);
    facts.row(["median", &median]);
    facts.row(["a half took", &format!("{lower} to {upper}")]);
    facts.row(["runs", &runs.to_string()]);
    Ok(print(&facts.text())?)
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
