//! The accept loop: bounded connections, impatient timeouts, a graceful end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tower::Layer as _;

use crate::stall::Impatient;
use crate::{ApiSettings, figures};

const MAX_HEADERS: usize = 64;
/// Also the most a response buffers for a client that does not read.
const BUFFER: usize = 64 * 1024;
const UPKEEP: Duration = Duration::from_secs(5);
/// Pause after the process ran out of file descriptors or memory.
const BACK_OFF: Duration = Duration::from_millis(250);

/// Serves `router` on `listener` until `shutdown`: then no connection is accepted any more, and
/// requests have [`ApiSettings::drain_timeout`] to end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &ApiSettings,
    shutdown: CancellationToken,
) {
    let mut server = Server::new(router, settings);
    let mut upkeep = interval(UPKEEP);
    upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            _ = upkeep.tick() => figures::keep_small(),
            Some(_) = server.connections.join_next() => {}
            Some((stream, peer, place)) = accept(&listener, server.places.clone()) => server.take(stream, peer, place),
        }
    }
    drop(listener);
    server.drain(settings.drain_timeout).await;
}

/// The next connection, once there is a place for it; `None` after a failure that passes.
async fn accept(
    listener: &TcpListener,
    places: Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            if !is_of_the_client(&error) {
                tracing::warn!(%error, "no connection can be accepted for a moment");
                tokio::time::sleep(BACK_OFF).await;
            }
            None
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Server {
    router: Router,
    http: http1::Builder,
    patience: Duration,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
}

impl Server {
    fn new(router: Router, settings: &ApiSettings) -> Self {
        let mut http = http1::Builder::new();
        // hyper's own default is inert: it needs the timer. The time runs from the connection or
        // the response before, so that it bounds idleness as well.
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(BUFFER);
        Self {
            router,
            http,
            patience: settings.stall_timeout,
            places: Arc::new(Semaphore::new(settings.max_connections)),
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
        }
    }

    fn take(&mut self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone before its first request");
            return;
        }
        let io = TokioIo::new(Impatient::new(stream, self.patience));
        let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(self.router.clone()));
        let connection = self.graceful.watch(self.http.serve_connection(io, service));
        self.connections.spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }

    /// Lets requests end, then cuts what is left.
    async fn drain(mut self, time: Duration) {
        if tokio::time::timeout(time, self.graceful.shutdown()).await.is_err() {
            tracing::warn!(left = self.connections.len(), "connections are cut");
        }
        self.connections.shutdown().await;
    }
}
