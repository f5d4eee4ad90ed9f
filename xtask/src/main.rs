//! Set-up, demo, test and bench: what the README's commands call.

mod bench;
mod browser;
mod build;
mod cluster;
mod clustered;
mod demo;
mod digest;
mod documents;
mod holding;
mod hostile;
mod local_cluster;
mod packages;
mod page;
mod place;
mod process;
mod proof;
mod rest;
mod server;
mod setup;
mod step;
mod suite;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use place::Place;

/// Sets this machine up, and shows, tests and measures Simulay.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Makes everything that running simulations needs: Docker, images, the host, the plugins.
    Setup,
    /// Builds the images we ship.
    Images {
        /// Data directory of a host: its list of images gets them.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Shows a simulation from upload to plots, over REST.
    Demo,
    /// Runs every test, those with a real Docker daemon too.
    Test,
    /// Measures what a run costs, or what a host bears.
    Bench {
        #[command(subcommand)]
        what: Option<bench::Bench>,
    },
    /// Sends the host all that a hostile author may send.
    Hostile(hostile::Arguments),
    /// Fails every Docker call of three pipelines in every way.
    Sweep(proof::sweep::Arguments),
    /// Kills the host again and again while it works, and looks whether anything was lost or doubled.
    Torture(proof::torture::Arguments),
    /// Brings a cluster up on this machine, shows and tests it, takes it down.
    Cluster {
        #[command(subcommand)]
        what: clustered::Cluster,
    },
    /// The same with every process of a cluster: kills, freezes and restarts.
    ClusterTorture(proof::cluster::Arguments),
    /// Runs the commands of the documents, as a reader would.
    Docs,
    /// Builds the page anew, from its sources to the files that are committed.
    Page,
    /// Tests the page in a browser.
    Browser {
        /// Puts some of the pictures that it takes into the documents.
        #[arg(long)]
        pictures: bool,
    },
    /// Checks what the compiler does not.
    Tidy,
}

fn main() -> ExitCode {
    match execute(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(task: Task) -> anyhow::Result<()> {
    let place = Place::find()?;
    match task {
        Task::Setup => setup::everything(&place).map(drop),
        Task::Images { data } => setup::images(&place, data.as_deref()),
        Task::Demo => demo::execute(&place),
        Task::Test => suite::execute(&place),
        Task::Bench { what } => bench::execute(&place, &what.unwrap_or(bench::Bench::Runs)),
        Task::Hostile(arguments) => hostile::execute(&place, &arguments),
        Task::Sweep(arguments) => proof::sweep::execute(&place, &arguments),
        Task::Torture(arguments) => proof::torture::execute(&place, &arguments),
        Task::Cluster { what } => clustered::execute(&place, &what),
        Task::ClusterTorture(arguments) => proof::cluster::execute(&place, &arguments),
        Task::Docs => documents::execute(&place),
        Task::Page => page::build(&place),
        Task::Browser { pictures } => browser::execute(&place, pictures),
        Task::Tidy => tidy::execute(&place),
    }
}
