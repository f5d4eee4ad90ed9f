//! `simulay containers`: carries out container calls on the Docker daemon of its node. It alone speaks with Docker, and
//! knows nothing of runs.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::options::RoleOptions;
use super::{front, watch};
use crate::compose::{self, AgentRole};
use crate::configuration::Settings;
use crate::signals::{self, DrainSignals};
use crate::telemetry;
use crate::terminal::say;

/// Where it listens when the settings do not say.
const PORT: u16 = 7375;
/// For Docker to answer before the agent starts without it.
const JUDGEMENT: Duration = Duration::from_secs(3);

/// Has the containers of a node, in a cluster.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    role: RoleOptions,
}

/// Works until a signal asks for the end; containers at work go on.
pub(crate) async fn execute(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.role.flags())?;
    let telemetry = telemetry::begin(&settings, "containers")?;
    let judged = tokio::time::timeout(JUDGEMENT, compose::check_daemon(&settings)).await;
    let findings = judged.unwrap_or_else(|_| Ok(Vec::new()))?;
    let agent = AgentRole::open(&settings, &settings.images)?;
    let (stop, draining) = (signals::stop()?, DrainSignals::new()?);
    let listener = front::bind(settings.cluster.listen_on(PORT))?;
    say(&format!("listening on {}", listener.local_addr()?))?;
    let watching = watch::docker(settings.clone(), settings.images.clone(), findings, stop.clone());
    let watching = tokio::spawn(stop.clone().run_until_cancelled_owned(watching));
    front::tell_health(&settings, agent.watched(), &stop);
    let served = agent.serve(listener, draining, stop).await;
    telemetry.end().await;
    served?;
    // It ends by itself only to refuse what it found.
    if let Some(refused) = watching.await? {
        return refused.map(|()| ExitCode::SUCCESS);
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
