//! A client for each kind of address. Connections are made when first needed, pooled, and sent on
//! without delay: bollard's own clients do neither, which costs 44 ms per call over TLS.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::UnixStream;

use crate::address::{Address, AddressError, Tls};

/// For a request's answer to begin, seconds; `Daemon` sets shorter ones.
const REQUEST_SECONDS: u64 = 120;
const CONNECT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Shorter than any idle timeout between us and the daemon.
const IDLE: Duration = Duration::from_secs(20);

/// Why there is no client for an address.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Mutual TLS is for `tcp://`.
    #[error("TLS is for tcp:// addresses, and this is {0}")]
    TlsElsewhere(Address),
    /// A PEM file cannot be read or holds nothing of use.
    #[error("{file}: {reason}")]
    Pem {
        /// Which.
        file: String,
        /// Why, in words.
        reason: String,
    },
    /// Certificate and key do not fit, or are of a kind that is not supported.
    #[error("the certificates cannot be used")]
    Certificates(#[source] rustls::Error),
    /// The client cannot be made.
    #[error("no client for this address")]
    Client(#[source] bollard::errors::Error),
}

/// A client for `address`. Asks nobody yet.
pub(crate) fn client(address: &Address, tls: Option<&Tls>) -> Result<Docker, ConnectError> {
    match (address.resolve()?, tls) {
        (Address::Tcp { host, port }, None) => {
            let port = Address::port_or_usual(port, false);
            pooled(tcp_connector(), &format!("http://{host}:{port}"))
        }
        (Address::Tcp { host, port }, Some(tls)) => {
            let port = Address::port_or_usual(port, true);
            pooled(tls_connector(tls)?, &format!("https://{host}:{port}"))
        }
        (Address::Unix(path), None) => pooled(unix_connector(&path), "http://docker"),
        (address, Some(_)) => Err(ConnectError::TlsElsewhere(address)),
        (Address::Inherited(number), None) => Err(AddressError::Unnamed(number).into()),
    }
}

fn pooled<C>(connector: C, base: &str) -> Result<Docker, ConnectError>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector);
    let transport = move |request: BollardRequest| {
        let answer = client.request(request);
        async move { answer.await.map_err(bollard::errors::Error::from) }
    };
    Docker::connect_with_custom_transport(transport, Some(base), REQUEST_SECONDS, API_DEFAULT_VERSION)
        .map_err(ConnectError::Client)
}

fn tcp_connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    // A daemon whose machine is gone sends no farewell.
    connector.set_keepalive(Some(KEEP_ALIVE));
    connector.set_keepalive_interval(Some(KEEP_ALIVE));
    connector.set_keepalive_retries(Some(3));
    connector
}

fn unix_connector(path: &Path) -> impl Connect + Clone + Send + Sync + 'static {
    let path: Arc<Path> = path.into();
    tower::service_fn(move |_: Uri| {
        let path = path.clone();
        Box::pin(async move {
            let connected = tokio::time::timeout(CONNECT, UnixStream::connect(path)).await;
            connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map(TokioIo::new)
        })
    })
}

fn tls_connector(tls: &Tls) -> Result<HttpsConnector<HttpConnector>, ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ConnectError::Certificates)?
        .with_root_certificates(authorities(&tls.ca)?)
        .with_client_auth_cert(certificates(&tls.cert)?, key(&tls.key)?)
        .map_err(ConnectError::Certificates)?;
    let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1();
    Ok(builder.wrap_connector(tcp_connector()))
}

fn authorities(file: &Path) -> Result<RootCertStore, ConnectError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        store.add(certificate).map_err(|error| pem_error(file, &error))?;
    }
    Ok(store)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let found = CertificateDer::pem_file_iter(file).map_err(|error| pem_error(file, &error))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| pem_error(file, &error))?;
    if found.is_empty() { Err(pem_error(file, &"it holds no certificate")) } else { Ok(found) }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| pem_error(file, &error))
}

fn pem_error(file: &Path, reason: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::Pem { file: file.display().to_string(), reason: reason.to_string() }
}
