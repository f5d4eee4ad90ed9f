//! `simulay serve`: the server, until a signal ends it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use simulay_model::TokenSecret;
use simulay_rates::LocalRates;

use super::options::LocalOptions;
use super::{front, watch};
use crate::certificate::Certificate;
use crate::compose::{self, Ahead, ImageIds, Socket};
use crate::configuration::{Flags, LogFormat, Settings};
use crate::instance::InstanceMode;
use crate::terminal::{print_json_line, say};
use crate::{places, signals, telemetry};

/// Serves the REST interface and does the runs.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:7373].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Allows an address that other machines reach.
    #[arg(long)]
    allow_remote: bool,
    /// The data directory was copied here, and the other is gone for good: takes its place and its
    /// containers. Without it, a copy is an instance of its own.
    #[arg(long)]
    same_instance: bool,
    /// How the log is written, on standard error [default: text].
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    #[command(flatten)]
    local: LocalOptions,
}

impl Arguments {
    fn flags(&self) -> Flags {
        Flags {
            listen: self.listen,
            allow_remote: self.allow_remote,
            log_format: self.log_format,
            ..self.local.flags()
        }
    }
}

/// For Docker to answer before the server starts without it.
const JUDGEMENT: Duration = Duration::from_secs(3);

/// Where a server is, and what it has.
struct Announcement<'a> {
    address: String,
    data: &'a Path,
    images: &'a ImageIds,
    taken_up: usize,
    /// The token of the first account, which was made just now.
    first_token: Option<TokenSecret>,
}

/// Serves until a signal asks for the end. Containers at work go on; the next start adopts them.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.flags())?;
    settings.check_listen()?;
    let certificate = Certificate::read(&settings.server)?;
    let telemetry = telemetry::begin(&settings, "serve")?;
    let data = settings.data()?;
    places::prepare(&data)?;
    let images = compose::image_ids(&settings, &data)?;
    compose::check_sandbox(&settings).await?;
    let judged = tokio::time::timeout(JUDGEMENT, compose::check_daemon(&settings)).await;
    let findings = judged.unwrap_or_else(|_| Ok(Vec::new()))?;
    let listener = front::bind(settings.server.listen)?;
    let mode = if arguments.same_instance { InstanceMode::Replacing } else { InstanceMode::Lasting };
    let engine = compose::engine(&settings, &data, &images, (mode, Ahead::Pool)).await?;
    let stop = signals::stop()?;
    let taken_up = engine.recover().await.context("the data directory cannot be read")?;
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", listener.local_addr()?);
    front::record_start(&settings, &engine.audit).await?;
    let first_token = front::first_token(&settings, &engine).await?;
    announce(&Announcement { address, data: &data, images: &images, taken_up, first_token }, json)?;
    let watching = watch::docker(settings.clone(), images, findings, stop.clone());
    let watching = tokio::spawn(stop.clone().run_until_cancelled_owned(watching));
    let transport = front::follow(certificate, &stop);
    let (audit, rates) = (engine.audit.clone(), Arc::<LocalRates>::default());
    let served = front::serve(&settings, (engine, rates), Socket { listener, transport }, stop).await;
    audit.settle().await;
    telemetry.end().await;
    served?;
    // It ends by itself only to refuse what it found.
    if let Some(refused) = watching.await? {
        return refused.map(|()| ExitCode::SUCCESS);
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Says where everything is. The first line is what programs that start a server wait for.
fn announce(place: &Announcement<'_>, json: bool) -> anyhow::Result<()> {
    let Announcement { address, data, images, taken_up, first_token } = place;
    if json {
        let token = first_token.as_ref().map(TokenSecret::reveal);
        let told = json!({
            "listening": address, "data": data, "images": images, "unfinished_runs": taken_up,
            "first_token": token,
        });
        return Ok(print_json_line(&told)?);
    }
    say(&format!("listening on {address}"))?;
    say(&format!("data in {}", data.display()))?;
    first_token.iter().try_for_each(front::tell_first_token)?;
    let names: Vec<&str> = images.keys().map(String::as_str).collect();
    let told = if names.is_empty() { "none; `simulay images register` adds one" } else { &names.join(", ") };
    say(&format!("images: {told}"))?;

    match taken_up {
        0 => Ok(()),
        1 => Ok(say("1 unfinished run goes on")?),
        runs => Ok(say(&format!("{runs} unfinished runs go on"))?),
    }
}
