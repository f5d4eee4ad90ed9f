//! The server on a socket, over TLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use simulay_api::{ApiSettings, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::house::PATIENCE;
use crate::serving::{Served, exchange};

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(3600);
const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A certificate of its own, and a server's configuration with it.
fn certificate() -> (CertificateDer<'static>, Arc<ServerConfig>) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) =
        (made.cert.der().clone(), PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let configuration = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    (certificate, Arc::new(configuration))
}

/// A server over TLS, what changes its certificate, and a client that trusts the first.
struct Encrypted {
    served: Served,
    newest: watch::Sender<Arc<ServerConfig>>,
    trusting: Arc<ClientConfig>,
}

impl Encrypted {
    async fn new(settings: ApiSettings) -> Self {
        let (certificate, configuration) = certificate();
        let newest = watch::Sender::new(configuration);
        let served = Served::over(Transport::Tls(newest.subscribe()), settings).await;
        Self { served, newest, trusting: trusting(certificate) }
    }

    async fn connect(&self, client: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(client.clone()).connect(name, self.served.connect().await).await
    }
}

fn trusting(certificate: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

#[tokio::test]
async fn a_request_is_served_over_both_versions_of_tls() {
    let host = Encrypted::new(ApiSettings::default()).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        let (certificate, configuration) = certificate();
        host.newest.send_replace(configuration);
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_protocol_versions(&[version]);
        let client = client.with_root_certificates(roots).with_no_client_auth();
        let stream = host.connect(&Arc::new(client)).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        let answer = exchange(stream, ASK).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"ok\""), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    }
    let plain = exchange(Served::new(ApiSettings::default()).await.connect().await, ASK).await;
    assert!(plain.starts_with("HTTP/1.1 200") && !plain.contains("strict-transport"), "{plain}");
}

#[tokio::test]
async fn plain_http_on_a_port_of_tls_is_not_served_and_harms_nobody() {
    let host = Encrypted::new(ApiSettings::default()).await;
    let answer = exchange(host.served.connect().await, ASK).await;
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    let answer = exchange(host.connect(&host.trusting).await.unwrap(), ASK).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn new_connections_see_a_certificate_that_was_replaced_and_old_ones_go_on() {
    let host = Encrypted::new(ApiSettings::default()).await;
    let before = host.connect(&host.trusting).await.unwrap();
    let (certificate, configuration) = certificate();
    host.newest.send_replace(configuration);
    let refused = host.connect(&host.trusting).await.unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let answer = exchange(host.connect(&trusting(certificate)).await.unwrap(), ASK).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = exchange(before, ASK).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn who_does_not_shake_hands_is_cut_off_and_keeps_nobody_waiting() {
    let settings = ApiSettings { handshake_timeout: LONG, max_connections: 20, ..ApiSettings::default() };
    let host = Encrypted::new(settings).await;
    // A record of a handshake that is announced and does not come.
    let begun = [&[][..], &[0x16, 3, 1, 2, 0, 1]];
    let mut idle = Vec::new();
    // More than there are places, and than are set aside.
    for number in 0..200 {
        let mut stream = host.served.connect().await;
        let _ = stream.write_all(begun[number % 2]).await;
        idle.push(stream);
    }
    let answer = exchange(host.connect(&host.trusting).await.unwrap(), ASK).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(idle);

    let host = Encrypted::new(ApiSettings { handshake_timeout: SHORT, ..ApiSettings::default() }).await;
    for begun in begun {
        assert_eq!(exchange(host.served.connect().await, begun).await, "");
    }
}

#[tokio::test]
async fn a_server_that_stops_lets_requests_finish_and_waits_for_no_handshake() {
    let settings = ApiSettings { handshake_timeout: LONG, drain_timeout: LONG, ..ApiSettings::default() };
    let host = Encrypted::new(settings).await;
    let idle = host.served.connect().await;
    let mut upload = host.connect(&host.trusting).await.unwrap();
    upload
        .write_all(b"POST /v1/inputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        .await
        .unwrap();
    let mut asked = [0; 25];
    upload.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n", "the request is at work");
    host.served.house.draining.cancel();
    let answer = exchange(upload, b"abcd").await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    tokio::time::timeout(PATIENCE, host.served.serving).await.unwrap().unwrap();
    drop(idle);
}
