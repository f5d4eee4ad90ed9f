//! The only place that picks backends.

mod administration;
mod backends;
mod cluster;
mod data_directory;
mod docker;
mod identity;
mod limits;
mod migration;
mod process;
mod records;
mod roles;
mod safety;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use simulay_api::{Authenticator, ByToken, OnePerson, Transport};
use simulay_containers_docker::{Owner, PoolSettings};
use simulay_engine::Engine;
use simulay_model::Chain;
use simulay_rates::Rates;
use simulay_sandbox::{Sandbox, SandboxSettings};
use simulay_sandbox_wasm::{Launch, ProcessSandbox, Restriction};
use simulay_signals::LocalSignals;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::configuration::{AuthMode, Flags, Settings, is_loopback};
use crate::images::Images;
use crate::instance::{self, InstanceMode};
use crate::risks::Risk;

use self::backends::Backends;
pub(crate) use administration::{Administration, AuditLogOf, command_line};
pub(crate) use cluster::until_stopped;
pub(crate) use data_directory::{Copied, DataDirectory, Identity, back_up, restore};
pub(crate) use docker::{
    Whose, copy, images, images_for_run, pool, preflight, push, register, remove_orphans, renew,
};
pub(crate) use limits::of_retention as retention;
pub(crate) use migration::{End, Moved, migrate};
pub(crate) use records::Records;
pub(crate) use roles::{AgentRole, ApiRole, RunnerRole};
pub(crate) use safety::{check_daemon, check_sandbox, is_there, risk_of};
pub(crate) use simulay_containers_docker::{Finding, Severity};

/// Image IDs by logical name.
pub(crate) type ImageIds = BTreeMap<String, String>;

/// The operator's images: those registered in `data`, then those of the settings, which win.
pub(crate) fn image_ids(settings: &Settings, data: &Path) -> anyhow::Result<ImageIds> {
    let registered = Images::read(data)?;
    let mut ids: ImageIds =
        registered.all().iter().map(|(name, image)| (name.clone(), image.id.clone())).collect();
    ids.extend(settings.images.clone());
    Ok(ids)
}

/// The argument that makes this program a worker.
pub(crate) const WORKER: &str = "sandbox";
/// Compiled plugins, in the data directory.
const COMPILED: &str = "compiled";

/// What inspects plugin code and keeps nothing, for commands that need no data directory.
pub(crate) async fn inspector() -> anyhow::Result<Arc<dyn Sandbox>> {
    let settings = Settings::load(&Flags::default())?;
    check_sandbox(&settings).await?;
    sandbox_of(&settings, None)
}

/// What runs plugin code; what it compiles is kept in `data`, when given.
fn sandbox_of(settings: &Settings, data: Option<&Path>) -> anyhow::Result<Arc<dyn Sandbox>> {
    let workers = workers(limits::of_sandbox(settings), data)?;
    let accepted = settings.accepts(Risk::UnconfinedSandbox);
    Ok(Arc::new(if accepted { workers } else { workers.confined() }))
}

/// How plugin code is confined on this machine.
pub(crate) async fn confinement() -> anyhow::Result<Vec<Restriction>> {
    Ok(workers(SandboxSettings::default(), None)?.confinement().await?)
}

fn workers(settings: SandboxSettings, data: Option<&Path>) -> anyhow::Result<ProcessSandbox> {
    let folder = data.map(|data| data.join(COMPILED));
    ProcessSandbox::new(settings, Launch::same_program(&[WORKER]), folder.as_deref())
        .context("compiled plugins cannot be kept in the data directory")
}

/// Whether containers wait for the calls of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// As the settings say, until it is shut down.
    Pool,
    /// None do.
    Nothing,
}

/// An engine that keeps its data in `data`. Docker may be absent.
pub(crate) async fn engine(
    settings: &Settings,
    data: &Path,
    images: &ImageIds,
    (mode, ahead): (InstanceMode, Ahead),
) -> anyhow::Result<Engine> {
    // Opened first: it makes sure that nobody else uses the directory.
    let opened = DataDirectory::open(data)
        .with_context(|| format!("the data directory {} cannot be used", data.display()))?;
    let kept = opened.kept();
    let DataDirectory { records, blobs } = opened;
    // Nobody else works in it: all leases are of earlier lives, also those in a copy.
    if let Err(error) = records.expire_leases().await {
        tracing::warn!(error = %Chain(&error), "runs at work wait for the leases of an earlier life to end");
    }
    let owner = (mode == InstanceMode::Passing).then(Owner::this_process).transpose()?;
    let whose = Whose { instance: instance::of(data, mode)?, owner };
    let policy = docker::policy(settings, images)?;
    let pool = match ahead {
        Ahead::Pool => limits::of_pool(settings),
        Ahead::Nothing => PoolSettings::NONE,
    };
    let containers = Arc::new(docker::containers(settings, whose, policy.clone(), pool)?);
    if ahead == Ahead::Pool {
        tokio::spawn(containers.clone().keep_pool());
    }
    let backends = Backends {
        records: records.into(),
        signals: Arc::new(LocalSignals::default()),
        relay: None,
        blobs,
        sandbox: sandbox_of(settings, Some(data))?,
        admission: Arc::new(policy),
        containers,
        runners: None,
        runs_elsewhere: false,
    };
    backends.engine(settings, limits::of_engine(settings), kept)
}

/// Where connections come in, and what they carry.
pub(crate) struct Socket {
    pub(crate) listener: TcpListener,
    pub(crate) transport: Transport,
}

/// Serves the REST interface over `engine` until `stop`.
pub(crate) async fn serve(
    settings: &Settings,
    engine: Engine,
    rates: Arc<dyn Rates>,
    Socket { listener, transport }: Socket,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let api = limits::of_api(settings, is_loopback(listener.local_addr()?.ip()));
    let authenticator: Arc<dyn Authenticator> = match settings.auth.mode {
        AuthMode::Local => Arc::new(OnePerson),
        AuthMode::Accounts => Arc::new(ByToken::of(&engine)),
    };
    let router = simulay_api::router(engine, authenticator, rates, &api, stop.clone());
    simulay_api::serve(listener, transport, router, &api, stop).await;
    Ok(())
}
