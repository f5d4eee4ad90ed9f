//! `simulay runner`: works on runs. Plugin code runs here, confined; containers run where agents hold Docker's socket.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::front;
use super::opening::Opening;
use super::options::RoleOptions;
use crate::compose::{self, RunnerRole};
use crate::configuration::Settings;
use crate::terminal::say;
use crate::{signals, telemetry};

/// Where it listens when the settings do not say.
const PORT: u16 = 7374;

/// Works on runs, in a cluster.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    role: RoleOptions,
}

/// Works until a signal asks for the end; what is at work then goes on elsewhere.
pub(crate) async fn execute(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.role.flags())?;
    let telemetry = telemetry::begin(&settings, "runner")?;
    compose::check_sandbox(&settings).await?;
    let stop = signals::stop()?;
    let opening = Arc::new(Opening::default());
    front::tell_health(&settings, opening.clone(), &stop);
    let opened = compose::until_stopped(&stop, RunnerRole::open(&settings)).await?;
    let Some(runner) = opened else { return Ok(ExitCode::SUCCESS) };
    let listener = front::bind(settings.cluster.listen_on(PORT))?;
    let taken_up = runner.engine.recover().await.context("the records cannot be read")?;
    opening.end(&runner.engine);
    say(&format!("listening on {}", listener.local_addr()?))?;
    tracing::info!(taken_up, "working on runs");
    let served = runner.serve(listener, stop).await;
    telemetry.end().await;
    tracing::info!("stopped");
    served.map(|()| ExitCode::SUCCESS)
}
