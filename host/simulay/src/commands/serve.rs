//! `simulay serve`: the server, until a signal ends it.

mod watch;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use simulay_api::Transport;
use simulay_engine::{AuditLog, Engine, NewToken, draw_token};
use simulay_model::{AccountName, AuditAction, Digest, Role, Scope, TokenSecret, TokenSecretError};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::options::LocalOptions;
use super::{account, token};
use crate::certificate::Certificate;
use crate::compose::{self, ImageIds, Socket, command_line};
use crate::configuration::{AuthMode, Flags, Log, LogFormat, Secret, Settings};
use crate::fault::Usage;
use crate::instance::InstanceMode;
use crate::terminal::{print_json_line, say};
use crate::{panics, places, signals};

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

/// Bytes of an answer that wait in the kernel for a client that does not read; the kernel takes twice as many.
const SEND_BUFFER: u32 = 256 << 10;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
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
    begin_log(&settings.log)?;
    let data = settings.data()?;
    places::prepare(&data)?;
    let images = compose::image_ids(&settings, &data)?;
    compose::check_sandbox(&settings).await?;
    let judged = tokio::time::timeout(JUDGEMENT, compose::check_daemon(&settings)).await;
    let findings = judged.unwrap_or_else(|_| Ok(Vec::new()))?;
    let listener = bind(settings.server.listen)?;
    let mode = if arguments.same_instance { InstanceMode::Replacing } else { InstanceMode::Lasting };
    let engine = compose::engine(&settings, &data, &images, mode).await?;
    let stop = signals::stop()?;
    let taken_up = engine.recover().await.context("the data directory cannot be read")?;
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", listener.local_addr()?);
    record_start(&settings, &engine.audit).await?;
    let first_token = first_token(&settings, &engine).await?;
    announce(&Announcement { address, data: &data, images: &images, taken_up, first_token }, json)?;
    let watching = watch::docker(settings.clone(), images, findings, stop.clone());
    let watching = tokio::spawn(stop.clone().run_until_cancelled_owned(watching));
    let transport = follow(certificate, &stop);
    let audit = engine.audit.clone();
    let served = serve(&settings, Socket { listener, transport }, engine, stop).await;
    audit.settle().await;
    served?;
    // It ends by itself only to refuse what it found.
    if let Some(refused) = watching.await? {
        return refused.map(|()| ExitCode::SUCCESS);
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Records that the server starts, and with which settings: their SHA-256 tells whether they are others than before. The
/// log of the server tells the head of the audit log, so that it can be held against that later.
async fn record_start(settings: &Settings, audit: &AuditLog) -> anyhow::Result<()> {
    // What is a secret in them does not show itself so.
    let sha256 = Digest::of(format!("{settings:?}").as_bytes());
    let started = command_line(AuditAction::ServerStarted).about(env!("CARGO_PKG_VERSION"));
    audit.record(started.saying(format!("settings {sha256}"))).await;
    if let Some(head) = audit.head().await? {
        tracing::info!(%head, "the audit log is here");
    }
    Ok(())
}

/// The token of the first account of a server of many: of whoever set it up, to whom belongs what was there before.
async fn first_token(settings: &Settings, engine: &Engine) -> anyhow::Result<Option<TokenSecret>> {
    let Engine { accounts, audit, .. } = engine;
    let local = AccountName::local();
    // Also when an earlier start died between the two.
    if settings.auth.mode == AuthMode::Local || !accounts.tokens(Some(&local)).await?.is_empty() {
        return Ok(None);
    }
    let given = settings.auth.first_token_file.as_deref().map(token_in).transpose()?;
    let secret = given.clone().map_or_else(draw_token, Ok)?;
    if accounts.get(&local).await?.is_none() {
        let account = accounts.create(local.clone(), Role::Admin).await?;
        audit.record(account::made(&account)).await;
    }
    let label = "made at the first start".to_owned();
    let new = NewToken { account: local, label, role: None, scope: Scope::All, lifetime: None };
    audit.record(token::made(&accounts.create_token_of(new, &secret).await?)).await;
    Ok(if given.is_some() { None } else { Some(secret) })
}

/// The token that `file` holds.
fn token_in(file: &Path) -> anyhow::Result<TokenSecret> {
    let token = Secret::read(file)?.reveal().parse();
    let wrong = |error| Usage(format!("auth.first_token_file: {error}; `simulay token draw` prints one"));
    Ok(token.map_err(|error: TokenSecretError| wrong(error))?)
}

/// What connections carry; a certificate is looked after until `stop`.
fn follow(certificate: Option<Certificate>, stop: &CancellationToken) -> Transport {
    let Some(certificate) = certificate else { return Transport::Plain };
    let transport = certificate.transport();
    tokio::spawn(stop.clone().run_until_cancelled_owned(certificate.follow()));
    transport
}

/// Serves, and lets go of the runs as soon as the end is asked for.
async fn serve(
    settings: &Settings,
    socket: Socket,
    engine: Engine,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (runs, asked) = (engine.clone(), stop.clone());
    let letting_go = async move {
        asked.cancelled().await;
        tracing::info!("stopping; containers at work go on and are adopted at the next start");
        runs.shutdown().await;
    };
    let serving = async move {
        let served = compose::serve(settings, engine, socket, stop.clone()).await;
        stop.cancel();
        served
    };
    let ((), served) = tokio::join!(letting_go, serving);
    served
}

fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    listener(listen).with_context(|| {
        format!("cannot listen on {listen}; choose another address with --listen, port 0 takes a free one")
    })
}

fn listener(listen: SocketAddr) -> io::Result<TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Every connection has what the listener has.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}

fn begin_log(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|error| Usage(format!("log.filter `{}` is not valid: {error}", log.filter)))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match log.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!("the log cannot begin: {error}"))?;
    std::panic::set_hook(Box::new(panics::log));
    Ok(())
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
    if let Some(token) = first_token {
        say(&format!(
            "the account {} is made; its token, shown this once: {}",
            AccountName::local(),
            token.reveal()
        ))?;
    }
    let names: Vec<&str> = images.keys().map(String::as_str).collect();
    let told = if names.is_empty() { "none; `simulay images register` adds one" } else { &names.join(", ") };
    say(&format!("images: {told}"))?;

    match taken_up {
        0 => Ok(()),
        1 => Ok(say("1 unfinished run goes on")?),
        runs => Ok(say(&format!("{runs} unfinished runs go on"))?),
    }
}
