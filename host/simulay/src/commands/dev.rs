//! `simulay dev`: builds a plugin project and runs its example, again at every change.

mod build;
mod place;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use simulay_model::{Example, Plugin};
use tokio_util::sync::CancellationToken;

use super::examples::{self, Tried};
use super::local::{ImageOptions, Local};
use super::options::LocalOptions;
use super::plugin::read_component;
use crate::fault::Usage;
use crate::project::Project;
use crate::terminal::{complain, print, print_json_line, say};
use crate::{render, signals};
use watch::Watch;

/// Builds a plugin project and runs its example, again at every change, until Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder of the project.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The example to run [default: the first].
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// A file of parameters to run instead of an example.
    #[arg(long, value_name = "FILE", conflicts_with = "example")]
    params: Option<PathBuf>,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    local: LocalOptions,
}

/// Goes round until a signal.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let project = Project::read(&arguments.dir)?;
    let stop = signals::stop()?;
    let mut watch = Watch::new(&project)?;
    while !stop.is_cancelled() {
        watch.begin();
        let cut = stop.child_token();
        let mut round = Box::pin(round(&project, &arguments, &cut, json));
        let done = tokio::select! {
            done = &mut round => done,
            // A run of what is out of date is not worth its time.
            () = watch.changed() => { cut.cancel(); round.await }
        };
        if let Err(error) = done {
            complain(&format!("{error:#}"), json);
        }
        if !json && !cut.is_cancelled() {
            say("\nwaiting for a change; Ctrl-C ends")?;
        }
        tokio::select! {
            () = watch.changed() => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds, runs, shows.
async fn round(
    project: &Project,
    arguments: &Arguments,
    cut: &CancellationToken,
    json: bool,
) -> anyhow::Result<()> {
    if !build::build(project, cut, json).await? {
        return if json { Ok(print_json_line(&json!({ "built": false }))?) } else { Ok(()) };
    }
    let component = read_component(&project.component())?;
    let host = Local::start_anew(&arguments.local, &arguments.images).await?;
    let plugin = host.upload(component).await?;
    let example = example(&plugin, arguments)?;
    let tried = examples::attempt(&host, &plugin, &example, cut, json).await;
    host.engine().shutdown().await;
    show(&tried?, project, &arguments.dir, json)
}

fn example(plugin: &Plugin, arguments: &Arguments) -> anyhow::Result<Example> {
    if let Some(file) = &arguments.params {
        let params = read_params(file)?;
        return Ok(Example { name: file.display().to_string(), params, expect: None, tolerance: 0.0 });
    }
    let chosen = examples::chosen(plugin, arguments.example.as_deref())?;
    let first = chosen.first().map(|example| (*example).clone());
    let none = || Usage(String::from("the plugin gives no example; name parameters with --params FILE"));
    Ok(first.ok_or_else(none)?)
}

fn read_params(file: &PathBuf) -> Result<Value, Usage> {
    let wrong = |error: String| Usage(format!("--params: {}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

fn show(tried: &Tried, project: &Project, folder: &Path, json: bool) -> anyhow::Result<()> {
    let document = tried.document()?;
    let complaint = tried.complaint();
    let place = complaint.as_ref().and_then(|complaint| place::find(project, folder, complaint));
    if json {
        let place = place.map(|place| json!({ "file": place.file, "line": place.line }));
        return Ok(print_json_line(&json!({ "built": true, "example": document, "place": place }))?);
    }
    print(&render::run(&tried.run.clone().into()))?;
    if tried.run.error.is_some() {
        match complaint.as_ref().zip(place.as_ref()) {
            Some((complaint, place)) => print(&place::told(place, complaint))?,
            None => print(&format!("{}\n", tried.last_words().trim_end()))?,
        }
    }
    print(&format!("\n{}", examples::table([tried])))?;
    for plot in tried.run.report.iter().flat_map(|report| &report.plots) {
        print(&render::plot(plot))?;
    }
    Ok(())
}
