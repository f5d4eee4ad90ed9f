//! `simulay run`: one run of a component, without a server.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use simulay_api::wire::{self, ArtifactList, CallList};
use simulay_engine::{NewInput, NewRun, Selector};
use simulay_model::{Plugin, Run, RunArtifact, RunState};
use tokio_util::sync::CancellationToken;

use super::download::{OutOptions, save};
use super::local::{ImageOptions, Local};
use super::options::LocalOptions;
use super::plugin::read_component;
use super::request::RequestOptions;
use crate::fault::{FAILED, INTERRUPTED};
use crate::gathering::Input;
use crate::placement::Listed;
use crate::terminal::{print, print_json, say};
use crate::{render, signals};

/// Each waits for the disk.
const STORED_AT_ONCE: usize = 16;

/// Runs a plugin once, without a server, and prints what came of it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The plugin: a WebAssembly component.
    file: PathBuf,
    #[command(flatten)]
    request: RequestOptions,
    #[command(flatten)]
    out: OutOptions,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    local: LocalOptions,
}

/// Runs the plugin in this process.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let component = read_component(&arguments.file)?;
    let (params, inputs) = (arguments.request.params()?, arguments.request.inputs(json)?);
    let host = Local::start(&arguments.local, &arguments.images).await?;
    let stop = signals::stop()?;
    let plugin = host.upload(component).await?;
    let request = new_run(&host, &plugin, params, &inputs, arguments.request.seed).await?;
    let run = host.create(request).await?;
    let ended = host.follow(run, &stop, json).await?;
    report(&host, &ended, json).await?;
    save_artifacts(&host, &ended, &arguments.out, json).await?;
    host.engine().shutdown().await;
    Ok(exit_code(&ended, &stop))
}

async fn new_run(
    host: &Local,
    plugin: &Plugin,
    params: Value,
    files: &[Input],
    seed: Option<u64>,
) -> anyhow::Result<NewRun> {
    let stored = stream::iter(files).map(|file| store(host, file)).buffered(STORED_AT_ONCE);
    let inputs = stored.try_collect().await?;
    Ok(NewRun { inputs, seed, ..NewRun::new(Selector::exactly(plugin), params.into()) })
}

async fn store(host: &Local, input: &Input) -> anyhow::Result<NewInput> {
    let cannot = || format!("{} cannot be read", input.file.display());
    let file = tokio::fs::File::open(&input.file).await.with_context(cannot)?;
    let mut pieces = tokio_util::io::ReaderStream::new(file);
    let mut writer = host.engine().intake.blob_writer(host.principal()).await?;
    while let Some(piece) = pieces.next().await {
        writer.write(piece.with_context(cannot)?).await?;
    }
    let (sha256, _) = writer.finish().await?;
    Ok(NewInput { path: input.name.clone(), sha256, size: None })
}

async fn save_artifacts(host: &Local, run: &Run, out: &OutOptions, json: bool) -> anyhow::Result<()> {
    let Some(folder) = &out.out else { return Ok(()) };
    let (reader, principal) = (&host.engine().reader, host.principal());
    let artifacts = reader.artifacts(principal, run.id).await?;
    let listed: Vec<Listed> = artifacts.iter().map(Listed::from).collect();
    let saved = save(folder, out.force, listed, async |entry| {
        let pieces = reader.blob(principal, entry.sha256, None).await?;
        Ok(pieces.map(|piece| piece.context("an artifact cannot be read")))
    });
    let saved = saved.await?;
    if json { Ok(()) } else { Ok(say(&format!("\n{saved} files saved in {}", folder.display()))?) }
}

async fn report(host: &Local, run: &Run, json: bool) -> anyhow::Result<()> {
    let listed = host.engine().reader.artifacts(host.principal(), run.id).await?;
    let words = if run.error.is_some() { last_words(host, &listed).await? } else { String::new() };
    let shown = wire::Run::from(run.clone());
    let ArtifactList { artifacts } = listed.into();
    if json {
        let document = serde_json::to_value(shown)?;
        return Ok(print_json(&json!({ "run": document, "artifacts": artifacts }))?);
    }
    print(&render::run(&shown))?;
    let CallList { calls } = host.engine().reader.calls(host.principal(), run.id).await?.into();
    print(&render::calls(&calls))?;
    print(&words)?;
    if !artifacts.is_empty() {
        print(&format!("\n{}", render::artifacts(&artifacts)))?;
    }
    Ok(())
}

async fn last_words(host: &Local, artifacts: &[RunArtifact]) -> anyhow::Result<String> {
    let text = host.last_words(artifacts).await?;
    if text.is_empty() {
        return Ok(text);
    }
    let lines: Vec<String> = text.trim_end().lines().map(|line| format!("  | {line}\n")).collect();
    Ok(format!("\nits standard error ends with\n{}", lines.concat()))
}

fn exit_code(run: &Run, stop: &CancellationToken) -> ExitCode {
    match run.state {
        RunState::Succeeded => ExitCode::SUCCESS,
        RunState::Cancelled if stop.is_cancelled() => ExitCode::from(INTERRUPTED),
        _ => ExitCode::from(FAILED),
    }
}
