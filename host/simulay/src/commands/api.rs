//! `simulay api`: answers requests. Others work on the runs: it has no containers, runs no plugin code and keeps nothing.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::front;
use super::opening::Opening;
use super::options::RoleOptions;
use crate::certificate::Certificate;
use crate::compose::{self, ApiRole, Socket};
use crate::configuration::{Flags, Settings};
use crate::terminal::say;
use crate::{signals, telemetry};

/// Answers requests, in a cluster.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:7373].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Allows an address that other machines reach.
    #[arg(long)]
    allow_remote: bool,
    #[command(flatten)]
    role: RoleOptions,
}

impl Arguments {
    fn flags(&self) -> Flags {
        Flags { listen: self.listen, allow_remote: self.allow_remote, ..self.role.flags() }
    }
}

/// Serves until a signal asks for the end.
pub(crate) async fn execute(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.flags())?;
    settings.check_listen()?;
    let certificate = Certificate::read(&settings.server)?;
    let telemetry = telemetry::begin(&settings, "api")?;
    let stop = signals::stop()?;
    // Until it serves, which tells the same, it says on `cluster.health` what it waits for.
    let opening = stop.child_token();
    front::tell_health(&settings, Arc::new(Opening::default()), &opening);
    let opened = compose::until_stopped(&stop, ApiRole::open(&settings)).await?;
    let Some(ApiRole { engine, rates }) = opened else { return Ok(ExitCode::SUCCESS) };
    engine.attend();
    front::record_start(&settings, &engine.audit).await?;
    let first_token = front::first_token(&settings, &engine).await?;
    opening.cancel();
    // Nobody is made to wait before: a proxy goes to another replica.
    let listener = front::bind(settings.server.listen)?;
    let scheme = if certificate.is_some() { "https" } else { "http" };
    say(&format!("listening on {scheme}://{}", listener.local_addr()?))?;
    first_token.iter().try_for_each(front::tell_first_token)?;
    let (transport, audit) = (front::follow(certificate, &stop), engine.audit.clone());
    let served = front::serve(&settings, (engine, rates), Socket { listener, transport }, stop).await;
    audit.settle().await;
    telemetry.end().await;
    served?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
