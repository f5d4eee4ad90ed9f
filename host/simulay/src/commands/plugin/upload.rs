//! `simulay plugin upload`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use simulay_api::wire::{Plugin, ShippedPlugin, ShippedPluginList};

use super::pull;
use crate::client::{Client, read};
use crate::commands::options::ServerOption;
use crate::fault::FAILED;
use crate::render::{notes, reference, state};
use crate::terminal::{complain, note, print_json, say};

/// What is uploaded.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The component, or where it is in a registry: oci://HOST/REPO:TAG.
    #[arg(required_unless_present = "shipped")]
    file: Option<PathBuf>,
    /// All that the server offers by itself: what lies in its folder `plugins.shipped`.
    #[arg(long, conflicts_with = "file")]
    shipped: bool,
    /// Keeps a new version from being active at once.
    #[arg(long)]
    pending: bool,
    #[command(flatten)]
    server: ServerOption,
}

/// Uploads one component, or all that the server offers; ends with 1 when one of these is refused.
pub(super) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let Arguments { file, pending, server, .. } = arguments;
    let client = server.client()?;
    match file {
        Some(file) => one(&client, &file, pending, json).await,
        None => shipped(&client, pending, json).await,
    }
}

async fn one(client: &Client, file: &Path, pending: bool, json: bool) -> anyhow::Result<ExitCode> {
    let component = pull::component(file).await?;
    let (new, plugin) = client.upload_plugin(component, pending).await?;
    if json {
        print_json(&plugin)?;
    } else {
        tell(new, &plugin)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn shipped(client: &Client, pending: bool, json: bool) -> anyhow::Result<ExitCode> {
    let ShippedPluginList { plugins } = read(&client.shipped_plugins().await?)?;
    if plugins.is_empty() && !json {
        note("the server offers none: its operator sets `plugins.shipped`");
    }
    let (mut uploaded, mut refused) = (Vec::new(), false);
    for ShippedPlugin { file, .. } in plugins {
        match client.upload_shipped(&file, pending).await {
            Ok((_, plugin)) if json => uploaded.push(plugin),
            Ok((new, plugin)) => tell(new, &plugin)?,
            Err(error) => {
                complain(&format!("{file}: {error:#}"), json);
                refused = true;
            }
        }
    }
    if json {
        print_json(&json!({ "plugins": uploaded }))?;
    }
    Ok(if refused { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

fn tell(new: bool, plugin: &Value) -> anyhow::Result<()> {
    let what = if new { "uploaded" } else { "was there already" };
    let plugin: Plugin = read(plugin)?;
    let told = format!("{} {what}\n{}\n{}", reference(&plugin.summary), state(&plugin), notes(&plugin));
    Ok(say(told.trim_end())?)
}
