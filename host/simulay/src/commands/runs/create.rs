//! `simulay runs create`.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};
use simulay_api::wire::Run;
use simulay_engine::Selector;
use simulay_model::{Label, RunId, RunName};

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
    /// What it is called.
    #[arg(long, value_name = "NAME")]
    name: Option<RunName>,
    /// A label by which it is found; may be given several times.
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// Has every call computed, though an earlier, equal one has a result.
    #[arg(long)]
    anew: bool,
    /// Follows the run to its end; the exit code is 0 only when it succeeds.
    #[arg(long)]
    wait: bool,
}

/// Uploads the inputs, creates the run and, when asked, waits for its end.
pub(super) async fn execute(client: &Client, arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let params = arguments.request.params()?;
    let inputs = client.give(arguments.request.inputs(json)?, json).await?;
    let mut body = arguments.request.body(&params, &inputs);
    describe(&mut body, &arguments);
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

/// Adds name, labels and what else is asked for to the body of the request.
fn describe(body: &mut Value, Arguments { name, labels, anew, .. }: &Arguments) {
    let Some(fields) = body.as_object_mut() else { return };
    if *anew {
        fields.insert("options".to_owned(), json!({ "reuse": false }));
    }
    fields.extend(name.as_ref().map(|name| ("name".to_owned(), name.as_str().into())));
    let labels: Map<String, Value> =
        labels.iter().map(|Label { key, value }| (key.to_string(), value.as_str().into())).collect();
    if !labels.is_empty() {
        fields.insert("labels".to_owned(), labels.into());
    }
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
