//! `simulay runs create`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use simulay_engine::Selector;
use simulay_model::RunId;

use super::watch::exit_code;
use crate::client::Client;
use crate::commands::options::selector;
use crate::commands::request::RequestOptions;
use crate::render;
use crate::terminal::{Progress, print, print_json, say};

/// A run of a pipeline.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Pipeline, perhaps with a version: NAME or NAME@VERSION.
    #[arg(value_parser = selector)]
    pipeline: Selector,
    #[command(flatten)]
    request: RequestOptions,
    /// Follows the run to its end; the exit code is 0 only when it succeeds.
    #[arg(long)]
    wait: bool,
}

/// Uploads the inputs, creates the run and, when asked, waits for its end.
pub(super) async fn execute(client: &Client, arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let params = arguments.request.params()?;
    let inputs = client.give(arguments.request.inputs(json)?, json).await?;
    let body = arguments.request.body(&params, &inputs);
    let run = client.create(&arguments.pipeline, &body).await?;
    if arguments.wait {
        return wait(client, &run, json).await;
    }
    if json {
        print_json(&run)?
    } else {
        say(&render::at(&run, "/id"))?
    }
    Ok(ExitCode::SUCCESS)
}

async fn wait(client: &Client, run: &Value, json: bool) -> anyhow::Result<ExitCode> {
    let id: RunId = render::at(run, "/id").parse().context("the server gave no run id")?;
    let mut progress = Progress::new(json);
    progress.tell(&format!("run {id}"));
    client
        .watch(id, 0, |told| {
            if let Some(event) = told.event() {
                progress.event(&event);
            }
            Ok(())
        })
        .await?;
    let run = client.run(id).await?;
    if json {
        print_json(&run)?
    } else {
        print(&render::run(&run))?;
        print(&render::calls(&client.calls(id).await?))?
    }
    Ok(exit_code(&run))
}
