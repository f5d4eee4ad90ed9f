//! `simulay plugin`.

mod isolation;
mod life;
mod pull;
mod push;
mod sharing;
mod show;
mod test;
mod upload;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use clap::{Args, Subcommand};
use oci_client::Reference;
use semver::Version;
use serde_json::json;
use simulay_api::wire;
use simulay_engine::Selector;
use simulay_model::PluginName;

use super::options::{ServerOption, exact, selector};
use crate::fault::Usage;
use crate::render;
use crate::terminal::{print, print_json, say};
use crate::{compose, registry};

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
    Upload(upload::Arguments),
    /// Lists the plugins of a server.
    List {
        #[command(flatten)]
        server: ServerOption,
    },
    /// Shows what a version asks for, how it differs from the one before, and what happened to it.
    Show {
        /// NAME@VERSION, or NAME for the highest version.
        #[arg(value_parser = selector)]
        plugin: Selector,
        #[command(flatten)]
        server: ServerOption,
    },
    /// Grants what a version asks for, and activates it.
    Approve(life::Arguments),
    /// Activates a version: new runs of the pipeline get the highest one that is active.
    Activate(life::Arguments),
    /// Lets the version before serve the pipeline again; the present one is retired.
    Rollback {
        /// NAME, or NAME@VERSION to do so only when that version serves.
        #[arg(value_parser = selector)]
        pipeline: Selector,
        #[command(flatten)]
        server: ServerOption,
    },
    /// Says what keeps the calls of a version from each other: a container each, or a process each in one that serves
    /// one account.
    Isolation(isolation::Arguments),
    /// Says who sees a plugin and runs its pipeline, beside its owner and operators.
    Visibility(sharing::Arguments),
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
    /// Retires a version: no new runs; those at work go on.
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
        Verb::Upload(arguments) => return upload::execute(arguments, json).await,
        Verb::List { server } => show::all(&server, json).await?,
        Verb::Show { plugin, server } => show::one(&server, plugin, json).await?,
        Verb::Approve(arguments) => return life::activate(arguments, true, json).await,
        Verb::Activate(arguments) => return life::activate(arguments, false, json).await,
        Verb::Rollback { pipeline, server } => life::roll_back(&server, &pipeline, json).await?,
        Verb::Push { file, to } => push::push(&file, &to, json).await?,
        Verb::Pull { from, output } => pull::pull(&from, output, json).await?,
        Verb::Isolation(arguments) => isolation::execute(arguments, json).await?,
        Verb::Visibility(arguments) => sharing::execute(arguments, json).await?,
        Verb::Retire { plugin, server } => retire(&server, &plugin, json).await?,
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
    let manifest = compose::inspector().await?.inspect(component.as_ref().into()).await?.manifest;
    let manifest = wire::Manifest::from(manifest);
    if json {
        print_json(&manifest)?
    } else {
        print(&render::manifest(&manifest))?
    }
    Ok(())
}

async fn retire(
    server: &ServerOption,
    (name, version): &(PluginName, Version),
    json: bool,
) -> anyhow::Result<()> {
    server.client()?.retire(name, version).await?;
    if json {
        return Ok(print_json(&json!({ "retired": { "name": name, "version": version } }))?);
    }
    Ok(say(&format!("{name}@{version} is retired"))?)
}
