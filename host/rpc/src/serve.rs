//! Serves the ports.

use std::sync::Arc;
use std::time::Duration;

use simulay_containers::{Containers, Execution as _, Fenced, Inventory};
use simulay_sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::Router;

use crate::connector::{CONNECTION_WINDOW, STREAM_WINDOW};
use crate::execution::ExecutionService;
use crate::incoming::connections;
use crate::inventory::InventoryService;
use crate::process::{Process, ProcessService};
use crate::sandbox::SandboxService;
use crate::tls::Role;
use crate::{Credentials, RpcSettings};

/// Calls at once on one connection.
const CALLS: u32 = 4096;
/// After so long a connection takes no more calls, and those on it go on: the next one shows certificates anew.
const AGE: Duration = Duration::from_secs(3600);
/// For answers that are under way when the end is asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Why nobody is served.
#[derive(Debug, thiserror::Error)]
#[error("calls from other processes of the cluster cannot be served")]
pub struct ServeError(#[from] tonic::transport::Error);

/// Serves the containers of a node to runners, each run's to who has its newest lease, until `stop`: then
/// calls at work are let go of, and their containers go on.
///
/// # Errors
/// When it cannot go on.
pub async fn serve_containers(
    listener: TcpListener,
    credentials: Credentials,
    settings: &RpcSettings,
    containers: Arc<dyn Containers>,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    const ALLOWED: &[Role] = &[Role::Runner];
    let containers = Arc::new(Fenced::new(containers));
    let router = server(settings)
        .add_service(ExecutionService::new(containers.clone(), ALLOWED).service())
        .add_service(InventoryService::new(containers.clone(), ALLOWED).service());
    let let_go = async { containers.close().await };
    serve(router, (listener, credentials, settings), stop, let_go).await
}

/// What a runner serves.
pub struct ServedByRunner {
    /// Runs plugin code.
    pub sandbox: Arc<dyn Sandbox>,
    /// What it knows of all nodes.
    pub inventory: Arc<dyn Inventory>,
    /// How it is.
    pub process: Arc<dyn Process>,
}

/// Serves what a runner has to api processes, until `stop`.
///
/// # Errors
/// When it cannot go on.
pub async fn serve_runner(
    listener: TcpListener,
    credentials: Credentials,
    settings: &RpcSettings,
    ServedByRunner { sandbox, inventory, process }: ServedByRunner,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    const ALLOWED: &[Role] = &[Role::Api];
    let router = server(settings)
        .add_service(SandboxService::new(sandbox, &settings.sandbox, ALLOWED).service())
        .add_service(InventoryService::new(inventory, ALLOWED).service())
        .add_service(ProcessService::new(process, ALLOWED).service());
    serve(router, (listener, credentials, settings), stop, async {}).await
}

fn server(settings: &RpcSettings) -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(CALLS)
        .max_connection_age(AGE)
        .http2_keepalive_interval(Some(settings.ping_interval))
        .http2_keepalive_timeout(Some(settings.ping_timeout))
}

async fn serve(
    router: Router,
    (listener, credentials, settings): (TcpListener, Credentials, &RpcSettings),
    stop: CancellationToken,
    let_go: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let incoming = connections(listener, credentials, settings.connect);
    let stopped = async {
        stop.cancelled().await;
        let_go.await;
    };
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = router.serve_with_incoming_shutdown(incoming, stopped) => Ok(served?),
        () = overdue => Ok(()),
    }
}
