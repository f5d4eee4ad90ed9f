//! `simulay plugin isolation`.

use clap::{Args, ValueEnum};
use semver::Version;
use serde_json::json;
use simulay_api::wire::{self, NewIsolation};
use simulay_model::PluginName;

use crate::commands::options::{ServerOption, exact};
use crate::terminal::{print_json, say};

/// What is to keep calls from each other.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// NAME@VERSION.
    #[arg(value_parser = exact)]
    plugin: (PluginName, Version),
    /// What keeps them from each other.
    #[arg(value_enum)]
    isolation: Isolation,
    #[command(flatten)]
    server: ServerOption,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Isolation {
    /// Each has a container of its own.
    Container,
    /// Each is a process of its own in a container in which calls of one account follow each other.
    Process,
}

impl From<Isolation> for wire::Isolation {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Container => Self::Container,
            Isolation::Process => Self::Process,
        }
    }
}

/// Says it.
pub(super) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<()> {
    let Arguments { plugin: (name, version), isolation, server } = arguments;
    let asked = NewIsolation { isolation: isolation.into() };
    server.client()?.set_isolation(&name, &version, asked).await?;
    if json {
        return Ok(print_json(&json!({ "plugin": name, "version": version, "isolation": asked.isolation }))?);
    }
    Ok(say(&format!("each call of {name}@{version} has a {} of its own", asked.isolation))?)
}
