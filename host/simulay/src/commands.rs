//! The command line: one file per command.

mod account;
mod api;
mod audit;
mod backup;
mod cluster;
mod compare;
mod containers;
mod dev;
mod doctor;
mod download;
mod examples;
mod front;
mod gc;
mod health;
mod images;
mod local;
mod migrate;
mod new;
mod opening;
mod options;
mod plots;
mod plugin;
mod request;
mod run;
mod runner;
mod runs;
mod serve;
mod status;
mod sweeps;
mod token;
mod usage;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Engineering simulations as WebAssembly plugins, run in Docker containers.
///
/// Exit codes: 0 it worked, 1 it failed, 2 the command line or a setting is wrong, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "simulay", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Prints JSON for programs: one document, or one line per event.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the REST interface and does the runs.
    Serve(serve::Arguments),
    /// Answers requests, in a cluster.
    Api(api::Arguments),
    /// Works on runs, in a cluster.
    Runner(runner::Arguments),
    /// Has the containers of a node, in a cluster.
    Containers(containers::Arguments),
    /// Runs a plugin once, without a server, and prints what came of it.
    Run(run::Arguments),
    /// Begins a project for a plugin of your own.
    New(new::Arguments),
    /// Builds a plugin project and runs its example, again at every change.
    Dev(dev::Arguments),
    /// Looks at plugins, uploads, lists and retires them.
    Plugin(plugin::Arguments),
    /// Runs on a server: create, list, show, watch, cancel, artifacts, logs.
    Runs(runs::Arguments),
    /// Shows how runs differ: versions, seeds, inputs, parameters, outcomes and curves.
    Compare(compare::Arguments),
    /// Lists the plots of a run, shows one, or saves all its points.
    Plots(plots::Arguments),
    /// Many runs at once, whose parameters vary: create, preview, list, show, points, watch, cancel, retry, extend.
    Sweeps(sweeps::Arguments),
    /// The images simulations may use: list, inspect, register, remove.
    Images(images::Arguments),
    /// Who may use a server of many, and how much: create, list, role, quota.
    Account(account::Arguments),
    /// Their tokens: create, list, revoke.
    Token(token::Arguments),
    /// What was done on a server, by whom and from where: list, verify, export.
    Audit(audit::Arguments),
    /// What accounts used in a month.
    Usage(usage::Arguments),
    /// The certificates by which the roles of a cluster know each other: init, rotate, show.
    Cluster(cluster::Arguments),
    /// Copies the data directory, also while a server works in it.
    Backup(backup::Backup),
    /// Puts a copy of the data directory back.
    Restore(backup::Restore),
    /// Moves all that a data directory holds to a cluster, or back.
    Migrate(migrate::Arguments),
    /// Deletes what the settings no longer keep.
    Gc(gc::Arguments),
    /// Tells whether a process of this machine works, for whoever restarts it.
    Health(health::Arguments),
    /// Shows a server and its nodes: how much waits, and what is missing.
    Status(status::Arguments),
    /// Checks whether simulations can run here, and safely.
    Doctor(doctor::Arguments),
}

/// Does what the command line says.
pub(crate) async fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    let json = cli.json;
    match cli.command {
        Command::Serve(arguments) => serve::execute(arguments, json).await,
        Command::Api(arguments) => api::execute(arguments).await,
        Command::Runner(arguments) => runner::execute(arguments).await,
        Command::Containers(arguments) => containers::execute(arguments).await,
        Command::Run(arguments) => run::execute(arguments, json).await,
        Command::New(arguments) => new::execute(arguments, json),
        Command::Dev(arguments) => dev::execute(arguments, json).await,
        Command::Plugin(arguments) => plugin::execute(arguments, json).await,
        Command::Runs(arguments) => runs::execute(arguments, json).await,
        Command::Compare(arguments) => compare::execute(arguments, json).await,
        Command::Plots(arguments) => plots::execute(arguments, json).await,
        Command::Sweeps(arguments) => sweeps::execute(arguments, json).await,
        Command::Images(arguments) => images::execute(arguments, json).await,
        Command::Account(arguments) => account::execute(arguments, json).await,
        Command::Token(arguments) => token::execute(arguments, json).await,
        Command::Audit(arguments) => audit::execute(&arguments, json).await,
        Command::Usage(arguments) => usage::execute(arguments, json).await,
        Command::Cluster(arguments) => cluster::execute(&arguments, json),
        Command::Backup(arguments) => backup::back_up(&arguments, json),
        Command::Restore(arguments) => backup::restore(&arguments, json),
        Command::Migrate(arguments) => migrate::execute(arguments, json).await,
        Command::Gc(arguments) => gc::execute(arguments, json).await,
        Command::Health(arguments) => health::execute(arguments, json).await,
        Command::Status(arguments) => status::execute(arguments, json).await,
        Command::Doctor(arguments) => doctor::execute(arguments, json).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
