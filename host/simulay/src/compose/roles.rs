//! The processes of a cluster, each with what its role needs and nothing else.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::ensure;
use async_trait::async_trait;
use simulay_api::Watched;
use simulay_containers::{Admission, Capacity, Containers, Nodes, NodesSettings, Reserving};
use simulay_containers_docker::{DockerContainers, ImageSource};
use simulay_engine::{Engine, Lack, Part};
use simulay_rates::Rates;
use simulay_rpc::{
    Credentials, NodeClient, Peers, RemoteInventory, RemoteRunners, RemoteSandbox, Role, RpcSettings,
    ServedByRunner, serve_containers, serve_runner,
};
use simulay_sandbox::Sandbox;
use simulay_signals_redis::RedisRates;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::cluster::Shared;
use super::docker::{self, Whose};
use super::process::{KnownRunners, ThisRunner};
use super::{Backends, ImageIds, limits, sandbox_of};
use crate::configuration::Settings;
use crate::discovery::Names;
use crate::signals::DrainSignals;

/// What answers requests: it asks runners about plugins and nodes, and touches neither.
pub(crate) struct ApiRole {
    pub(crate) engine: Engine,
    /// Counts with all that answer requests.
    pub(crate) rates: Arc<dyn Rates>,
}

impl ApiRole {
    /// Reaches what it needs.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let runners = settings.cluster.runners()?;
        let shared = Shared::open(settings).await?;
        expect(&shared.credentials, Role::Api)?;
        let rpc = rpc(settings);
        let rates = Arc::new(RedisRates::start(&shared.redis, RedisRates::PATIENCE));
        let backends = Backends {
            sandbox: Arc::new(RemoteSandbox::new(runners.clone(), shared.credentials.clone(), rpc.clone())),
            containers: Arc::new(RemoteInventory::new(&runners, &shared.credentials, &rpc)),
            runners: Some(Arc::new(KnownRunners(RemoteRunners::new(&runners, &shared.credentials, &rpc)))),
            admission: admission(settings)?,
            records: shared.records,
            signals: shared.signals,
            relay: Some(shared.relay),
            blobs: shared.blobs,
            runs_elsewhere: true,
        };
        let engine = backends.engine(settings, limits::of_engine(settings), shared.kept)?;
        Ok(Self { engine, rates })
    }
}

/// What works on runs.
pub(crate) struct RunnerRole {
    pub(crate) engine: Engine,
    sandbox: Arc<dyn Sandbox>,
    nodes: Arc<Nodes>,
    credentials: Credentials,
    rpc: RpcSettings,
}

impl RunnerRole {
    /// Reaches what it needs; nodes come and go later.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let names = settings.cluster.nodes()?;
        let shared = Shared::open(settings).await?;
        expect(&shared.credentials, Role::Runner)?;
        let (credentials, admission) = (shared.credentials.clone(), admission(settings)?);
        let reach = move |address: SocketAddr| -> Arc<dyn Containers> {
            Arc::new(NodeClient::new(&address.to_string(), &credentials, RpcSettings::default()))
        };
        let names = Arc::new(Names(Peers::new(names, reach)));
        let nodes = Arc::new(Nodes::new(names, admission.clone(), NodesSettings::default()));
        let sandbox = sandbox_of(settings, None)?;
        let backends = Backends {
            records: shared.records,
            signals: shared.signals,
            relay: Some(shared.relay),
            blobs: shared.blobs,
            sandbox: sandbox.clone(),
            admission,
            containers: nodes.clone(),
            runners: None,
            runs_elsewhere: false,
        };
        let engine = backends.engine(settings, limits::of_runner(settings), shared.kept)?;
        Ok(Self { engine, sandbox, nodes, credentials: shared.credentials, rpc: rpc(settings) })
    }

    /// Answers those who answer requests, until `stop`; then lets go of the runs, which go on elsewhere.
    pub(crate) async fn serve(self, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
        let (engine, runs, asked) = (self.engine.clone(), self.engine, stop.clone());
        let letting_go = async move {
            asked.cancelled().await;
            runs.shutdown().await;
        };
        let process = Arc::new(ThisRunner(engine.clone()));
        let asked = ServedByRunner { sandbox: self.sandbox, inventory: self.nodes as Arc<_>, process };
        let serving = async {
            let served = serve_runner(listener, self.credentials, &self.rpc, asked, stop.clone()).await;
            stop.cancel();
            served
        };
        let ((), served) = tokio::join!(letting_go, serving);
        Ok(served?)
    }
}

/// What has the containers of a node: the only one that speaks with Docker.
pub(crate) struct AgentRole {
    docker: Arc<DockerContainers>,
    sources: BTreeMap<String, ImageSource>,
    containers: Arc<Reserving<Arc<DockerContainers>>>,
    credentials: Credentials,
}

impl AgentRole {
    /// Reaches Docker, which may be away.
    pub(crate) fn open(settings: &Settings, images: &ImageIds) -> anyhow::Result<Self> {
        let credentials = Credentials::read(settings.cluster.certificates()?)?;
        expect(&credentials, Role::Containers)?;
        let whose = Whose { instance: credentials.identity().cluster, owner: None };
        let policy = docker::policy(settings, images)?;
        let docker =
            Arc::new(docker::containers(settings, whose, policy.clone(), limits::of_pool(settings))?);
        let reserve = limits::of_engine(settings).reserve;
        let kept = Capacity { cpu_milli: reserve.cpu_milli, memory_mib: reserve.memory_mib };
        let containers = Arc::new(Reserving::new(docker.clone(), Arc::new(policy), kept));
        Ok(Self { docker, sources: docker::sources(settings)?, containers, credentials })
    }

    /// What tells whether it works.
    pub(crate) fn watched(&self) -> Arc<dyn Watched> {
        Arc::new(WatchedAgent(self.containers.clone() as Arc<_>))
    }

    /// Carries out the calls of runners, and pulls the images that it lacks, until `stop`; containers go on.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        asked: DrainSignals,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let rpc = RpcSettings::default();
        // Until the containers are closed, which serving does in the end.
        tokio::spawn(self.docker.clone().keep_pool());
        let draining = drain(self.containers.clone(), asked);
        let serving = serve_containers(listener, self.credentials, &rpc, self.containers, stop);
        tokio::select! {
            served = serving => Ok(served?),
            Err(error) = self.docker.keep_images(self.sources) => Err(error.into()),
            never = draining => match never {},
        }
    }
}

/// Has the node take no more calls, or take them again, as it is asked.
async fn drain(node: Arc<Reserving<Arc<DockerContainers>>>, mut asked: DrainSignals) -> Infallible {
    loop {
        let draining = asked.next().await;
        tracing::info!(draining, "the node was asked whether it takes calls");
        node.set_draining(draining);
    }
}

/// An agent works when Docker does.
struct WatchedAgent(Arc<dyn Containers>);

#[async_trait]
impl Watched for WatchedAgent {
    async fn lacks(&self) -> Vec<Lack> {
        Lack::of(Part::Containers, self.0.ping()).await.into_iter().collect()
    }
}

/// What the operator grants, as the settings say.
fn admission(settings: &Settings) -> anyhow::Result<Arc<dyn Admission>> {
    Ok(Arc::new(docker::policy(settings, &settings.images)?))
}

/// How processes speak with each other, and what their sandboxes take.
fn rpc(settings: &Settings) -> RpcSettings {
    RpcSettings { sandbox: limits::of_sandbox(settings), ..RpcSettings::default() }
}

fn expect(credentials: &Credentials, role: Role) -> anyhow::Result<()> {
    let found = credentials.identity().role;
    ensure!(
        found == role,
        "the certificates are those of `{found}`, and this is `{role}`; see cluster.certificates"
    );
    Ok(())
}
