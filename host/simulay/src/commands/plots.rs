//! `simulay plots`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use futures_util::StreamExt as _;
use simulay_api::wire::{PlotCurves, PlotList};
use simulay_model::RunId;

use super::options::ServerOption;
use crate::client::{Client, read};
use crate::render;
use crate::terminal::{print, print_json, say};

/// The plots of a run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOption,
    /// Run.
    run: RunId,
    /// Number of a plot, from 0: shows its curves.
    number: Option<usize>,
    /// Writes every point into this file.
    #[arg(long, value_name = "FILE", requires = "number")]
    csv: Option<PathBuf>,
    /// Overwrites the file when it is there.
    #[arg(long, requires = "csv")]
    force: bool,
}

/// Lists the plots, shows one, or saves it.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let Arguments { server, run, number, csv, force } = arguments;
    let client = server.client()?;
    match (number, csv) {
        (Some(number), Some(file)) => save(&client, run, number, &file, force).await?,
        (Some(number), None) => show(&client, run, number, json).await?,
        (None, _) => list(&client, run, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client, run: RunId, json: bool) -> anyhow::Result<()> {
    let document = client.get(&format!("/v1/runs/{run}/plots")).await?;
    if json {
        return Ok(print_json(&document)?);
    }
    let PlotList { plots } = read(&document)?;
    Ok(print(&render::plots(&plots))?)
}

async fn show(client: &Client, run: RunId, number: usize, json: bool) -> anyhow::Result<()> {
    let document = client.get(&format!("/v1/runs/{run}/plots/{number}")).await?;
    if json {
        return Ok(print_json(&document)?);
    }
    let plot: PlotCurves = read(&document)?;
    Ok(print(&render::curves(&plot))?)
}

async fn save(client: &Client, run: RunId, number: usize, path: &Path, force: bool) -> anyhow::Result<()> {
    let mut pieces = client.bytes(&format!("/v1/runs/{run}/plots/{number}?format=csv")).await?;
    let shown = path.display();
    let mut options = File::options();
    options.write(true).create_new(!force).create(force).truncate(force);
    let file = options.open(path);
    let mut file =
        file.with_context(|| format!("{shown} cannot be written; --force overwrites what is there"))?;
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bytes += piece.len();
        file.write_all(&piece).with_context(|| format!("{shown} cannot be written"))?;
    }
    Ok(say(&format!("{bytes} bytes in {shown}"))?)
}
