//! `simulay plugin approve`, `activate` and `rollback`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use semver::Version;
use serde_json::Value;
use simulay_api::wire::{Disagreement, Plugin, PluginList, PluginSummary, RolledBack};
use simulay_engine::Selector;
use simulay_model::PluginName;

use crate::client::{Activation, Client, read};
use crate::commands::options::{ServerOption, exact};
use crate::fault::FAILED;
use crate::render::{disagreements, is_checking, serving, state};
use crate::terminal::{note, print, print_json, say};

const PAUSE: Duration = Duration::from_millis(500);

/// Which version, and what is checked first.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// NAME@VERSION.
    #[arg(value_parser = exact)]
    plugin: (PluginName, Version),
    /// Runs the examples of the version first; it is activated when they give what it expects.
    #[arg(long, value_name = "WHAT")]
    check: Option<Check>,
    #[command(flatten)]
    server: ServerOption,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Its examples.
    Examples,
}

/// Activates a version; ends with 1 when an example disagrees.
pub(super) async fn activate(arguments: Arguments, approve: bool, json: bool) -> anyhow::Result<ExitCode> {
    let Arguments { plugin: (name, version), check, server } = arguments;
    let client = server.client()?;
    let asked = Activation { approve, check: check.is_some() };
    let mut plugin = client.activate(&name, &version, asked).await?;
    if asked.check {
        if !json {
            note(&format!("the examples of {name}@{version} are run; this ends when they have ended"));
        }
        plugin = checked(&client, &name, &version, plugin).await?;
    }
    if json {
        print_json(&plugin)?;
    }
    let plugin: Plugin = read(&plugin)?;
    if !json {
        tell(&client, &plugin, asked.check).await?;
    }
    Ok(if asked.check && !found(&plugin).is_empty() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// The plugin once the check that began is over.
async fn checked(
    client: &Client,
    name: &PluginName,
    version: &Version,
    mut plugin: Value,
) -> anyhow::Result<Value> {
    let mut now: Plugin = read(&plugin)?;
    let begun = begun(&now);
    while is_checking(&now) {
        tokio::time::sleep(PAUSE).await;
        plugin = client.plugin(name, version).await?;
        now = read(&plugin)?;
    }
    if self::begun(&now) != begun {
        bail!("somebody else decided about {name}@{version} meanwhile; it is {}", state(&now));
    }
    Ok(plugin)
}

fn begun(plugin: &Plugin) -> Option<Timestamp> {
    plugin.check.as_ref().map(|check| check.begun_at)
}

/// What disagreed in its newest check.
fn found(plugin: &Plugin) -> &[Disagreement] {
    plugin.check.as_ref().map_or(&[], |check| &check.disagreements)
}

async fn tell(client: &Client, plugin: &Plugin, checked: bool) -> anyhow::Result<()> {
    let PluginSummary { name, version, state, .. } = &plugin.summary;
    let found = found(plugin);
    if checked && !found.is_empty() {
        print(&disagreements(found))?;
        return Ok(say(&format!("{name}@{version} stays {state}: not all examples agree"))?);
    }
    if checked {
        say(&agreed(plugin))?;
    }
    let PluginList { plugins: versions } = read(&client.versions(name).await?)?;
    let serves = match serving(&versions) {
        Some(serving) if serving == version => format!("serves the pipeline `{name}`"),
        Some(serving) => format!("{serving} serves the pipeline `{name}`"),
        None => format!("as a pre-release it serves by its version, `{name}@{version}`"),
    };
    Ok(say(&format!("{name}@{version} is {state}; {serves}"))?)
}

fn agreed(plugin: &Plugin) -> String {
    match plugin.check.as_ref().map_or(0, |check| check.runs.len()) {
        0 => String::from("it has no examples: nothing was checked"),
        1 => String::from("1 example agrees"),
        count => format!("{count} examples agree"),
    }
}

/// Lets the version before serve a pipeline again.
pub(super) async fn roll_back(server: &ServerOption, pipeline: &Selector, json: bool) -> anyhow::Result<()> {
    let done = server.client()?.roll_back(pipeline).await?;
    if json {
        return Ok(print_json(&done)?);
    }
    let (name, RolledBack { from, to }) = (&pipeline.name, read(&done)?);
    Ok(say(&format!("{name}@{to} serves the pipeline `{name}` again; {name}@{from} is retired"))?)
}
