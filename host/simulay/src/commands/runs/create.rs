//! `simulay runs create`.

use std::process::ExitCode;

use clap::Args;
use simulay_api::wire::Run;
use simulay_engine::Selector;
use simulay_model::RunId;

use super::watch::exit_code;
use crate::client::{Client, read};
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
    if json && !arguments.wait {
        print_json(&run)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Run { id, .. } = read(&run)?;
    if arguments.wait {
        return wait(client, id, json).await;
    }
    say(&id.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn wait(client: &Client, id: RunId, json: bool) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::new(json);
    progress.tell(&format!("run {id}"));
    client
        .watch(id, 0, |told| {
            match told.event() {
                Some(event) => progress.event(&event),
                None => progress.tell(&told.kind),
            }
            Ok(())
        })
        .await?;
    let document = client.run(id).await?;
    if json {
        print_json(&document)?;
    }
    let run = read(&document)?;
    if !json {
        print(&render::run(&run))?;
        print(&render::calls(&client.calls(id).await?))?;
    }
    Ok(exit_code(&run))
}
