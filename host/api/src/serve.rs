//! The accept loop: bounded connections, some set aside for probes, impatient timeouts, a graceful end.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Request;
use axum::middleware::AddExtension;
use axum::response::Response;
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use simulay_model::Chain;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tower::{Layer as _, Service};

use crate::client::Connection;
use crate::connections::{ConnectionLimit, ConnectionPermit, Crowded};
use crate::pace::Pace;
use crate::stall::StallGuard;
use crate::{ApiSettings, Transport, telemetry};

const MAX_HEADERS: usize = 64;
/// Also the most a response buffers for a client that does not read.
const BUFFER: usize = 64 * 1024;
const UPKEEP: Duration = Duration::from_secs(5);
/// Connections without a permit that are served at once.
const ASIDE: usize = 64;
/// Pause after the process ran out of file descriptors or memory.
const BACK_OFF: Duration = Duration::from_millis(250);

/// Serves `router` on `listener` until `shutdown`: then no connection is accepted any more, and
/// requests have [`ApiSettings::drain_timeout`] to end.
pub async fn serve(
    listener: TcpListener,
    transport: Transport,
    router: Router,
    settings: &ApiSettings,
    shutdown: CancellationToken,
) {
    let mut server = Server::new(transport, router, settings, shutdown.clone());
    let mut upkeep = interval(UPKEEP);
    upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            _ = upkeep.tick() => telemetry::keep_small(),
            Some(_) = server.connections.join_next() => {}
            accepted = accept(&listener) => {
                if let Some((stream, peer)) = accepted {
                    server.take(stream, peer);
                }
            }
        }
    }
    drop(listener);
    server.drain(settings.drain_timeout).await;
}

/// The next connection; `None` after a failure that passes.
async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
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
    transport: Transport,
    router: Router,
    http: http1::Builder,
    handshake_timeout: Duration,
    pace: Pace,
    limit: ConnectionLimit,
    /// Connections without a permit, from the oldest on.
    aside: VecDeque<AbortHandle>,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
    /// Cancelled once the server stops: who has not agreed on TLS by then has asked for nothing.
    stop: CancellationToken,
}

impl Server {
    fn new(transport: Transport, router: Router, settings: &ApiSettings, stop: CancellationToken) -> Self {
        let mut http = http1::Builder::new();
        // hyper's own default is inert: it needs the timer. The time runs from the connection or
        // the response before, so that it bounds idleness as well.
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(BUFFER);
        Self {
            transport,
            router,
            http,
            handshake_timeout: settings.handshake_timeout,
            pace: Pace::of(settings),
            limit: ConnectionLimit::new(settings),
            aside: VecDeque::new(),
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
            stop,
        }
    }

    fn take(&mut self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone before its first request");
            return;
        }
        match self.limit.take(peer.ip()) {
            Ok(permit) => {
                let router = self.routes(peer);
                self.connect(&self.http.clone(), stream, router, Some(permit));
            }
            Err(crowded) => self.set_aside(stream, peer, crowded),
        }
    }

    /// What answers the requests of a connection from `peer`.
    fn routes(&self, peer: SocketAddr) -> AddExtension<Router, Connection> {
        let encrypted = self.transport.is_secure();
        Extension(Connection { peer, encrypted }).layer(self.router.clone())
    }

    /// Serves one request, unless as many others come meanwhile as are set aside at once.
    fn set_aside(&mut self, stream: TcpStream, peer: SocketAddr, crowded: Crowded) {
        self.aside.retain(|connection| !connection.is_finished());
        if self.aside.len() >= ASIDE
            && let Some(oldest) = self.aside.pop_front()
        {
            oldest.abort();
        }
        let mut http = self.http.clone();
        http.keep_alive(false);
        let router = Extension(crowded).layer(self.routes(peer));
        let connection = self.connect(&http, stream, router, None);
        self.aside.push_back(connection);
    }

    fn connect<S>(
        &mut self,
        http: &http1::Builder,
        stream: TcpStream,
        service: S,
        permit: Option<ConnectionPermit>,
    ) -> AbortHandle
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let stream = StallGuard::new(stream, self.pace);
        let (transport, time, stop) = (self.transport.clone(), self.handshake_timeout, self.stop.clone());
        let (http, watcher) = (http.clone(), self.graceful.watcher());
        self.connections.spawn(async move {
            let _permit = permit;
            let stream = match stop.run_until_cancelled(transport.open(stream, time)).await {
                Some(Ok(stream)) => stream,
                Some(Err(error)) => return tracing::debug!(error = %Chain(&error), "a handshake failed"),
                None => return,
            };
            let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(error = %Chain(&error), "a connection broke off");
            }
        })
    }

    /// Lets requests end, then cuts what is left.
    async fn drain(mut self, time: Duration) {
        if tokio::time::timeout(time, self.graceful.shutdown()).await.is_err() {
            tracing::warn!(left = self.connections.len(), "connections are cut");
        }
        self.connections.shutdown().await;
    }
}
