//! `simulay plugin test`: runs a plugin's examples and compares them with what is expected.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use simulay_model::Plugin;
use tokio_util::sync::CancellationToken;

use super::read_component;
use crate::commands::examples::{self, Tried};
use crate::commands::local::{ImageOptions, Local};
use crate::commands::options::LocalOptions;
use crate::fault::{FAILED, INTERRUPTED};
use crate::terminal::{print, print_json, say};
use crate::{render, signals};

/// Runs the examples of a component and compares the outcomes with what it expects; needs no server.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The component.
    file: PathBuf,
    /// Only the example of this name.
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    local: LocalOptions,
}

/// Tries the examples; ends with 1 when one disagrees.
pub(super) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let component = read_component(&arguments.file)?;
    let host = Local::start_anew(&arguments.local, &arguments.images).await?;
    let stop = signals::stop()?;
    let plugin = host.upload(component).await?;
    let tried = all(&host, &plugin, arguments.example.as_deref(), &stop, json).await?;
    host.engine().shutdown().await;
    if stop.is_cancelled() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    if json {
        print_json(&document(&plugin, &tried)?)?
    } else {
        tell(&plugin, &tried)?
    }
    Ok(if tried.iter().all(Tried::agrees) { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn all(
    host: &Local,
    plugin: &Plugin,
    name: Option<&str>,
    stop: &CancellationToken,
    quiet: bool,
) -> anyhow::Result<Vec<Tried>> {
    let mut tried = Vec::new();
    for example in examples::chosen(plugin, name)? {
        if stop.is_cancelled() {
            break;
        }
        tried.push(examples::attempt(host, plugin, example, stop, quiet).await?);
    }
    Ok(tried)
}

fn document(plugin: &Plugin, tried: &[Tried]) -> anyhow::Result<Value> {
    let examples: Vec<Value> = tried.iter().map(Tried::document).collect::<Result<_, _>>()?;
    Ok(json!({
        "plugin": plugin.reference().to_string(),
        "agrees": tried.iter().all(Tried::agrees),
        "examples": examples,
    }))
}

fn tell(plugin: &Plugin, tried: &[Tried]) -> anyhow::Result<()> {
    if tried.is_empty() {
        return Ok(say(&format!("{} has no examples: nothing was tested", plugin.reference()))?);
    }
    print(&format!("\n{}", examples::table(tried)))?;
    for one in tried {
        if let Some(error) = &one.run.error {
            print(&format!("\n{}", render::error(&error.clone().into())))?;
            print(&one.last_words())?;
        }
    }
    let disagreeing = tried.iter().filter(|one| !one.agrees()).count();
    let verdict = match disagreeing {
        0 => format!("all {} examples agree", tried.len()),
        count => format!("{count} of {} examples disagree", tried.len()),
    };
    Ok(say(&format!("\n{}: {verdict}", plugin.reference()))?)
}
