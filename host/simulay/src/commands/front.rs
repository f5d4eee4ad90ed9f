//! What answers requests: a listener, who asks, and the service over them until the end.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use simulay_api::{Transport, Watched};
use simulay_engine::{AccountError, AuditLog, Engine, EngineError, NewToken, draw_token};
use simulay_model::{AccountName, AuditAction, Digest, Role, Scope, TokenSecret, TokenSecretError};
use simulay_rates::Rates;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use super::{account, token};
use crate::certificate::Certificate;
use crate::compose::{self, Socket, command_line};
use crate::configuration::{AuthMode, Secret, Settings};
use crate::fault::Usage;
use crate::terminal::say;

/// Bytes of an answer that wait in the kernel for a client that does not read; the kernel takes twice as many.
const SEND_BUFFER: u32 = 256 << 10;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Records that the server starts, and with which settings: their SHA-256 tells whether they are others than before. The
/// log of the server tells the head of the audit log, so that it can be held against that later.
pub(super) async fn record_start(settings: &Settings, audit: &AuditLog) -> anyhow::Result<()> {
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
pub(super) async fn first_token(settings: &Settings, engine: &Engine) -> anyhow::Result<Option<TokenSecret>> {
    // Also when an earlier start died between the two.
    if settings.auth.mode == AuthMode::Local || has_token(engine).await? {
        return Ok(None);
    }
    let given = settings.auth.first_token_file.as_deref().map(token_in).transpose()?;
    let secret = given.clone().map_or_else(draw_token, Ok)?;
    match make_first(engine, &secret).await {
        Ok(()) => Ok(if given.is_some() { None } else { Some(secret) }),
        // Another process of the cluster was faster.
        Err(_) if has_token(engine).await? => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Shows the token of the first account, this once.
pub(super) fn tell_first_token(token: &TokenSecret) -> anyhow::Result<()> {
    let (account, token) = (AccountName::local(), token.reveal());
    Ok(say(&format!("the account {account} is made; its token, shown this once: {token}"))?)
}

async fn has_token(engine: &Engine) -> Result<bool, EngineError> {
    Ok(!engine.accounts.tokens(Some(&AccountName::local())).await?.is_empty())
}

async fn make_first(engine: &Engine, secret: &TokenSecret) -> Result<(), AccountError> {
    let Engine { accounts, audit, .. } = engine;
    let local = AccountName::local();
    match accounts.create(local.clone(), Role::Admin).await {
        Ok(account) => audit.record(account::made(&account)).await,
        Err(_) if accounts.get(&local).await?.is_some() => {}
        Err(error) => return Err(error),
    }
    let label = "made at the first start".to_owned();
    let new = NewToken { account: local, label, role: None, scope: Scope::All, lifetime: None };
    audit.record(token::made(&accounts.create_token_of(new, secret).await?)).await;
    Ok(())
}

/// The token that `file` holds.
fn token_in(file: &Path) -> anyhow::Result<TokenSecret> {
    let token = Secret::read(file)?.reveal().parse();
    let wrong = |error| Usage(format!("auth.first_token_file: {error}; `simulay token draw` prints one"));
    Ok(token.map_err(|error: TokenSecretError| wrong(error))?)
}

/// What connections carry; a certificate is looked after until `stop`.
pub(super) fn follow(certificate: Option<Certificate>, stop: &CancellationToken) -> Transport {
    let Some(certificate) = certificate else { return Transport::Plain };
    let transport = certificate.transport();
    tokio::spawn(stop.clone().run_until_cancelled_owned(certificate.follow()));
    transport
}

/// Serves, and lets go of the runs as soon as the end is asked for.
pub(super) async fn serve(
    settings: &Settings,
    (engine, rates): (Engine, Arc<dyn Rates>),
    socket: Socket,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (runs, asked) = (engine.clone(), stop.clone());
    let letting_go = async move {
        asked.cancelled().await;
        tracing::info!("stopping; containers at work go on and are adopted at the next start");
        runs.shutdown().await;
    };
    let serving = async move {
        let served = compose::serve(settings, engine, rates, socket, stop.clone()).await;
        stop.cancel();
        served
    };
    let ((), served) = tokio::join!(letting_go, serving);
    served
}

/// Answers those who watch a process that serves nothing else over HTTP. It works without, and is told in the log.
pub(super) fn tell_health(settings: &Settings, watched: Arc<dyn Watched>, stop: &CancellationToken) {
    let address = settings.cluster.health;
    match listener(address) {
        Ok(listener) => {
            tokio::spawn(simulay_api::watch(listener, watched, stop.clone()));
        }
        Err(error) => tracing::warn!(%address, %error, "nobody is told of the health: see cluster.health"),
    }
}

pub(super) fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
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
