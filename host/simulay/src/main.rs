//! The command `simulay`: settings, composition, command line.

mod authority;
mod certificate;
mod client;
mod commands;
mod compose;
mod configuration;
mod cures;
mod descriptors;
mod discovery;
mod embedded;
mod fault;
mod folder;
mod gathering;
mod images;
mod instance;
mod octave;
mod panics;
mod placement;
mod places;
mod project;
mod registry;
mod render;
mod risks;
mod signals;
mod telemetry;
mod terminal;
mod tls;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

/// How long work on other threads may take to end after the command has.
const WIND_DOWN: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    // Comes first: a worker of the sandbox needs nothing of a command, and starts often.
    if std::env::args_os().nth(1).is_some_and(|word| word == compose::WORKER) {
        return simulay_sandbox_wasm::work();
    }
    let cli = commands::Cli::parse();
    let json = cli.json;
    match execute(cli) {
        Ok(code) => code,
        Err(error) if fault::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("{error:#}"), json);
            fault::code(&error)
        }
    }
}

fn execute(cli: commands::Cli) -> anyhow::Result<ExitCode> {
    tls::choose();
    #[cfg(feature = "fail-points")]
    let _scenario = fail::FailScenario::setup();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(commands::execute(cli));
    runtime.shutdown_timeout(WIND_DOWN);
    code
}
