//! Connections of whoever does not keep to what a client does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use simulay_rpc::Role;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::authority::Signed;

/// Connects to a node of whom it asks nothing but that `authority` knows it, and shows it `shown`.
pub(crate) async fn connect(
    node: SocketAddr,
    authority: &str,
    shown: Option<&Signed>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut known = RootCertStore::empty();
    known.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(known);
    let mut config = match shown {
        None => config.with_no_client_auth(),
        Some(Signed { certificate, key }) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(Role::Containers.server_name()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(node).await?).await
}

/// True when the node says the first word of HTTP/2.
pub(crate) async fn is_greeted(node: SocketAddr, authority: &str, shown: Option<&Signed>) -> bool {
    match connect(node, authority, shown).await {
        Ok(mut stream) => stream.read(&mut [0; 9]).await.is_ok_and(|read| read > 0),
        Err(_) => false,
    }
}

/// A channel that shows `shown`.
pub(crate) async fn channel(node: SocketAddr, authority: String, shown: Signed) -> Channel {
    let shown = Arc::new(shown);
    let connector = tower::service_fn(move |_: Uri| {
        let (authority, shown) = (authority.clone(), shown.clone());
        async move { connect(node, &authority, Some(&shown)).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://node").connect_with_connector(connector).await.unwrap()
}
