//! `simulay run`: one run of a component, without a server.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use simulay_api::wire::{self, ArtifactList};
use simulay_engine::{CreateError, Engine, NewInput, NewRun, Selector, UploadError};
use simulay_model::{Artifact, ArtifactKind, ErrorKind, Plugin, Run, RunArtifact, RunId, RunState};
use tokio_util::sync::CancellationToken;

use super::download::{OutOptions, save};
use super::options::LocalOptions;
use super::plugin::read_component;
use super::request::{Input, RequestOptions};
use crate::compose;
use crate::configuration::Settings;
use crate::cures::cure;
use crate::fault::{FAILED, INTERRUPTED, Usage};
use crate::placement::Listed;
use crate::terminal::{Progress, print, print_json, say};
use crate::{places, render, signals};

const LAST_WORDS: u64 = 2048;

/// Runs a plugin once, without a server, and prints what came of it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The plugin: a WebAssembly component.
    file: PathBuf,
    #[command(flatten)]
    request: RequestOptions,
    #[command(flatten)]
    out: OutOptions,
    /// An image for this run: a logical name, and the ID or reference of an image that
    /// `simulay images register` made; may be given several times.
    #[arg(long = "image", value_name = "NAME=IMAGE", value_parser = pair)]
    images: Vec<(String, String)>,
    #[command(flatten)]
    local: LocalOptions,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, image) = text.split_once('=').ok_or("write NAME=IMAGE")?;
    crate::images::check_name(name).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), image.to_owned()))
}

/// Runs the plugin in this process.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let component = read_component(&arguments.file)?;
    let (params, inputs) = (arguments.request.params()?, arguments.request.inputs()?);
    let settings = Settings::load(&arguments.local.flags())?;
    let place = Place::new(&settings, arguments.local.data.is_some())?;
    let images = compose::images_for_run(&settings, &arguments.images).await?;
    let engine = compose::engine(&settings, place.path(), &images)?;
    let stop = signals::stop()?;
    engine.recover().await.context("the data directory cannot be read")?;
    check_ready(&engine).await?;
    let (plugin, _) = engine.upload(component).await.map_err(upload_refused)?;
    let request = new_run(&engine, &plugin, params, &inputs, arguments.request.seed).await?;
    let run = engine.create(request).await.map_err(create_refused)?;
    let ended = follow(&engine, run.id, &stop, json).await?;
    report(&engine, &ended, json).await?;
    save_artifacts(&engine, &ended, &arguments.out, json).await?;
    engine.shutdown().await;
    Ok(exit_code(&ended, &stop))
}

/// Where the run is kept: the data directory when one is named, else a folder that goes afterwards.
enum Place {
    Named(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Place {
    fn new(settings: &Settings, named: bool) -> anyhow::Result<Self> {
        if named {
            let data = settings.data()?;
            places::prepare(&data)?;
            return Ok(Self::Named(data));
        }
        let folder = tempfile::Builder::new().prefix("simulay-run-").tempdir();
        Ok(Self::Temporary(folder.context("no temporary folder can be made")?))
    }

    fn path(&self) -> &std::path::Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

async fn new_run(
    engine: &Engine,
    plugin: &Plugin,
    params: Value,
    files: &[Input],
    seed: Option<u64>,
) -> anyhow::Result<NewRun> {
    let mut inputs = Vec::new();
    for file in files {
        inputs.push(store(engine, file).await?);
    }
    let reference = plugin.reference();
    let pipeline = Selector { name: reference.name, version: Some(reference.version) };
    Ok(NewRun { pipeline, params, inputs, seed })
}

async fn store(engine: &Engine, input: &Input) -> anyhow::Result<NewInput> {
    let cannot = || format!("{} cannot be read", input.file.display());
    let file = tokio::fs::File::open(&input.file).await.with_context(cannot)?;
    let mut pieces = tokio_util::io::ReaderStream::new(file);
    let mut writer = engine.blob_writer().await?;
    while let Some(piece) = pieces.next().await {
        writer.write(piece.with_context(cannot)?).await?;
    }
    let (sha256, _) = writer.finish().await?;
    Ok(NewInput { path: input.name.clone(), sha256 })
}

/// Tells what happens until the run has ended; a signal asks for its end.
async fn follow(engine: &Engine, id: RunId, stop: &CancellationToken, quiet: bool) -> anyhow::Result<Run> {
    let mut progress = Progress::new(quiet);
    let mut events = engine.events(id, 0);
    let mut asked = false;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => {
                    let event = event?;
                    progress.event(&event.kind, &event.data);
                }
                None => break,
            },
            () = stop.cancelled(), if !asked => {
                asked = true;
                progress.tell("stopping; the containers of the run are removed");
                // A run that ended meanwhile needs no end.
                let _ = engine.cancel(id).await;
            }
        }
    }
    let run = engine.run(id).await?;
    run.filter(|run| run.state.is_end()).context("the run broke off before its end")
}

/// A server waits for Docker; someone at a terminal is told at once.
async fn check_ready(engine: &Engine) -> anyhow::Result<()> {
    match engine.readiness().await.first() {
        Some(reason) => bail!("{reason}\n{}", cure(ErrorKind::DockerUnavailable)),
        None => Ok(()),
    }
}

async fn save_artifacts(engine: &Engine, run: &Run, out: &OutOptions, json: bool) -> anyhow::Result<()> {
    let Some(folder) = &out.out else { return Ok(()) };
    let listed: Vec<Listed> = engine.artifacts(run.id).await?.iter().map(Listed::from).collect();
    let saved = save(folder, out.force, listed, async |entry| {
        let pieces = engine.blob(entry.sha256, None).await?;
        Ok(pieces.map(|piece| piece.context("an artifact cannot be read")))
    });
    let saved = saved.await?;
    if json { Ok(()) } else { Ok(say(&format!("\n{saved} files saved in {}", folder.display()))?) }
}

async fn report(engine: &Engine, run: &Run, json: bool) -> anyhow::Result<()> {
    let listed = engine.artifacts(run.id).await?;
    let words = if run.error.is_some() { last_words(engine, &listed).await? } else { String::new() };
    let document = serde_json::to_value(wire::Run::from(run.clone()))?;
    let listed = ArtifactList::from(listed);
    let artifacts: Vec<Value> =
        listed.artifacts.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
    if json {
        return Ok(print_json(&json!({ "run": document, "artifacts": artifacts }))?);
    }
    print(&render::run(&document))?;
    print(&words)?;
    if !artifacts.is_empty() {
        print(&format!("\n{}", render::artifacts(&artifacts)))?;
    }
    Ok(())
}

/// The end of what the last container wrote to its standard error.
async fn last_words(engine: &Engine, artifacts: &[RunArtifact]) -> anyhow::Result<String> {
    let Some(stderr) = artifacts.iter().rfind(|entry| entry.kind == ArtifactKind::Stderr) else {
        return Ok(String::new());
    };
    let Artifact { size, sha256, .. } = stderr.artifact;
    let mut pieces = engine.blob(sha256, Some(size.saturating_sub(LAST_WORDS)..size)).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    let text = String::from_utf8_lossy(&bytes);
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

fn upload_refused(error: UploadError) -> anyhow::Error {
    match error {
        UploadError::UnknownImages(names) => anyhow::anyhow!(
            "no image is registered as {}; register it with `simulay images register NAME IMAGE`, \
             or name it with --image NAME=IMAGE",
            names.join(", ")
        ),
        other => other.into(),
    }
}

fn create_refused(error: CreateError) -> anyhow::Error {
    match error {
        CreateError::ParamsInvalid(places) => {
            let places: Vec<String> = places.iter().map(|place| format!("\n  {place}")).collect();
            Usage(format!("the parameters are not valid{}", places.concat())).into()
        }
        other => other.into(),
    }
}
