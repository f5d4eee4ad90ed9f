//! A node that serves scripted containers, and hosts that reach it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use simulay_containers::conformance::{calls, played};
use simulay_containers::scripted::Scripted;
use simulay_containers::{Containers, ImageId, Policy};
use simulay_model::Digest;
use simulay_rpc::{Credentials, NodeClient, Role, RpcSettings, serve_containers};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::authority::Authority;

/// Times that suit tests: what waits, waits for long; what is noticed, is noticed soon.
pub(crate) fn settings() -> RpcSettings {
    RpcSettings {
        connect: Duration::from_secs(2),
        ping_interval: Duration::from_millis(200),
        ping_timeout: Duration::from_millis(500),
        reattach: Duration::from_secs(30),
        ..RpcSettings::default()
    }
}

/// A node's process: dropped, it is killed.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    served: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl Node {
    /// Serves `containers` at `address`.
    pub(crate) fn at(address: SocketAddr, credentials: Credentials, containers: Arc<dyn Containers>) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = {
            let _inside = runtime.enter();
            let listener = bound(address);
            listener.set_nonblocking(true).unwrap();
            TcpListener::from_std(listener).unwrap()
        };
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let stopped = stop.clone();
        let served = runtime.spawn(async move {
            serve_containers(listener, credentials, &settings(), containers, stopped).await.unwrap();
        });
        Self { address, stop, served: Some(served), runtime: Some(runtime) }
    }

    /// Ends it where it stands.
    fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Asks it to end, and returns once it has.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        self.served.take().unwrap().await.unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A cluster with one node.
pub(crate) struct Rig {
    pub(crate) authority: Authority,
    pub(crate) containers: Scripted,
    pub(crate) node: Node,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let containers = scripted();
        Self::serving(Arc::new(containers.clone()), containers)
    }

    /// Serves `served`, which may be `containers` or stand before them.
    pub(crate) fn serving(served: Arc<dyn Containers>, containers: Scripted) -> Self {
        let authority = Authority::new();
        let node = Node::at(loopback(), authority.credentials(Role::Containers), served);
        Self { authority, containers, node }
    }

    /// A runner that reaches the node.
    pub(crate) fn runner(&self) -> NodeClient {
        self.runner_at(self.node.address)
    }

    /// A runner that reaches the node at another address.
    pub(crate) fn runner_at(&self, address: SocketAddr) -> NodeClient {
        self.client(&self.authority.credentials(Role::Runner), address)
    }

    /// Whoever has `credentials`.
    pub(crate) fn client(&self, credentials: &Credentials, address: SocketAddr) -> NodeClient {
        NodeClient::new(&address.to_string(), credentials, settings())
    }

    /// Kills the process of the node, and lets another follow.
    pub(crate) fn revive(&mut self) {
        self.node.kill();
        let credentials = self.authority.credentials(Role::Containers);
        self.node = Node::at(self.node.address, credentials, Arc::new(self.containers.clone()));
    }
}

/// Whoever was killed may have the address for a moment more.
fn bound(address: SocketAddr) -> std::net::TcpListener {
    let begun = Instant::now();
    loop {
        match std::net::TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) if begun.elapsed() > Duration::from_secs(20) => panic!("{error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

pub(crate) fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Containers that play the calls of the suite.
pub(crate) fn scripted() -> Scripted {
    let images = [(calls::IMAGE.to_owned(), ImageId::from(Digest::of(b"shell")))].into();
    let containers = Scripted::with_policy(Policy { images, ..Policy::default() });
    played::play(&containers);
    containers
}
