//! Connects to processes of the cluster.

use std::io;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Request;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::RpcSettings;
use crate::tls::{Credentials, Role};

/// Bytes under way in one call.
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
/// Bytes under way on a connection: so many that one slow reader leaves room for all the others.
pub(crate) const CONNECTION_WINDOW: u32 = 1 << 30;

/// A channel to the process that has `role` at `address`, a host and a port. It connects when it is used, and
/// anew when its connection was lost, by the addresses that the host has and the credentials that there are
/// then.
pub(crate) fn channel(
    address: &str,
    role: Role,
    credentials: &Credentials,
    settings: &RpcSettings,
) -> Channel {
    let (address, credentials, patience) = (address.to_owned(), credentials.clone(), settings.connect);
    let connector = service_fn(move |_: Uri| connect(address.clone(), role, credentials.clone(), patience));
    endpoint(role, settings).connect_with_connector_lazy(connector)
}

/// A request that is answered within `patience`, or counts as lost: a process may be there, answer pings, and be stuck.
pub(crate) fn within<T>(patience: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(patience);
    request
}

fn endpoint(role: Role, settings: &RpcSettings) -> Endpoint {
    // TLS is the connector's.
    let uri = match role {
        Role::Containers => "http://containers.simulay.internal",
        Role::Runner => "http://runner.simulay.internal",
        Role::Api => "http://api.simulay.internal",
    };
    Endpoint::from_static(uri)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(settings.ping_interval)
        .keep_alive_timeout(settings.ping_timeout)
        .keep_alive_while_idle(true)
}

async fn connect(
    address: String,
    role: Role,
    credentials: Credentials,
    patience: Duration,
) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
    let connected = tokio::time::timeout(patience, shake_hands(&address, role, credentials)).await;
    connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map(TokioIo::new)
}

async fn shake_hands(
    address: &str,
    role: Role,
    credentials: Credentials,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    // A small message would wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    let config = credentials.current().await.client(role).map_err(io::Error::other)?;
    let name = ServerName::try_from(role.server_name()).map_err(io::Error::other)?;
    TlsConnector::from(config).connect(name, stream).await
}
