//! `simulay plugin`.

mod pull;
mod push;
mod test;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, Subcommand};
use oci_spec::distribution::Reference;
use semver::Version;
use serde_json::{Value, json};
use simulay_api::wire;
use simulay_model::PluginName;

use super::options::{ServerOption, exact};
use crate::compose;
use crate::fault::Usage;
use crate::registry;
use crate::render::{self, at, list};
use crate::terminal::{Table, print, print_json, say};

/// The most bytes a component has; the sandbox refuses larger ones by the same bound.
const MAX_COMPONENT: u64 = 64 << 20;

/// Plugins.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Checks a component and shows what it says of itself; needs no server.
    Inspect {
        /// The component.
        file: PathBuf,
    },
    /// Runs the examples of a component and compares the outcomes with what it expects.
    Test(test::Arguments),
    /// Uploads a plugin to a server.
    Upload {
        /// The component, or where it is in a registry: oci://HOST/REPO:TAG.
        file: PathBuf,
        #[command(flatten)]
        server: ServerOption,
    },
    /// Lists the plugins of a server.
    List {
        #[command(flatten)]
        server: ServerOption,
    },
    /// Pushes a component to an OCI registry, e.g. oci://127.0.0.1:5000/beam:1.0.0.
    Push {
        /// The component.
        file: PathBuf,
        /// oci://HOST/REPO:TAG.
        #[arg(value_parser = registry::address)]
        to: Reference,
    },
    /// Pulls a component from an OCI registry.
    Pull {
        /// oci://HOST/REPO:TAG, or oci://HOST/REPO@sha256:… for one that never changes.
        #[arg(value_parser = registry::address)]
        from: Reference,
        /// Where it is written [default: the last part of REPO, with `.wasm`].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Retires a version: no new runs.
    Retire {
        /// NAME@VERSION.
        #[arg(value_parser = exact)]
        plugin: (PluginName, Version),
        #[command(flatten)]
        server: ServerOption,
    },
}

/// Does what `arguments` say.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    match arguments.verb {
        Verb::Inspect { file } => inspect(&file, json).await?,
        Verb::Test(arguments) => return test::execute(arguments, json).await,
        Verb::Upload { file, server } => upload(&server, &file, json).await?,
        Verb::List { server } => show_list(&server, json).await?,
        Verb::Push { file, to } => push::push(&file, &to, json).await?,
        Verb::Pull { from, output } => pull::pull(&from, output, json).await?,
        Verb::Retire { plugin: (name, version), server } => {
            server.client()?.retire(&name, &version).await?;
            let retired = json!({ "retired": { "name": name, "version": version } });
            if json { print_json(&retired)? } else { say(&format!("{name}@{version} is retired"))? }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a component.
pub(super) fn read_component(file: &Path) -> Result<Bytes, Usage> {
    let cannot = |error: std::io::Error| Usage(format!("{} cannot be read: {error}", file.display()));
    let mut bytes = Vec::new();
    let mut opened = File::open(file).map_err(cannot)?.take(MAX_COMPONENT + 1);
    opened.read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MAX_COMPONENT {
        return Err(Usage(format!("{} has more than {} MiB", file.display(), MAX_COMPONENT >> 20)));
    }
    Ok(bytes.into())
}

async fn inspect(file: &Path, json: bool) -> anyhow::Result<()> {
    let component = read_component(file)?;
    let manifest = compose::sandbox()?.inspect(component.as_ref().into()).await?.manifest;
    let document = serde_json::to_value(wire::Manifest::from(manifest))?;
    if json {
        print_json(&document)?
    } else {
        print(&render::manifest(&document))?
    }
    Ok(())
}

async fn upload(server: &ServerOption, file: &Path, json: bool) -> anyhow::Result<()> {
    let (new, plugin) = server.client()?.upload_plugin(pull::component(file).await?).await?;
    if json {
        return Ok(print_json(&plugin)?);
    }
    let what = if new { "uploaded" } else { "was there already" };
    Ok(say(&format!("{} {what}", reference(&plugin)))?)
}

async fn show_list(server: &ServerOption, json: bool) -> anyhow::Result<()> {
    let plugins = server.client()?.plugins().await?;
    if json {
        return Ok(print_json(&plugins)?);
    }
    let mut table = Table::new(["PLUGIN", "TITLE", "UPLOADED", ""]);
    for plugin in list(&plugins, "plugins") {
        let retired = if at(plugin, "/retired_at").is_empty() { "" } else { "retired" };
        table.row([&reference(plugin), &at(plugin, "/title"), &at(plugin, "/uploaded_at"), retired]);
    }
    Ok(print(&table.text())?)
}

fn reference(plugin: &Value) -> String {
    format!("{}@{}", at(plugin, "/name"), at(plugin, "/version"))
}
