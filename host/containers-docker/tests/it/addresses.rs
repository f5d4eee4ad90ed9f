//! Every kind of address reaches a real daemon.

use std::net::TcpListener;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use simulay_containers::{ContainerError, Inventory as _, Policy};
use simulay_containers_docker::{
    Address, AddressError, ConnectError, DockerContainers, DockerSettings, PoolSettings, Runtime, Tls,
};
use simulay_model::Ending;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::proxy::Proxy;
use crate::rig::{Rig, SOCKET, shell};

pub(crate) async fn works(rig: &Rig) {
    rig.containers.ping().await.unwrap();
    let (completed, memory) = rig.complete(&shell("echo here; echo there >&2")).await;
    assert_eq!(completed.ending, Ending::Exited(0));
    assert_eq!((memory.stdout(), memory.stderr()), ("here\n".to_owned(), "there\n".to_owned()));
}

#[tokio::test]
async fn plain_tcp_works_and_only_known_endpoints_are_asked() {
    let (proxy, address) = Proxy::tcp(None).await;
    let rig = Rig::at(format!("tcp://{address}").parse().unwrap(), None);
    works(&rig).await;
    rig.containers.images().await.unwrap();
    rig.containers.list().await.unwrap();
    rig.containers.preflight().await;
    let own = format!("/containers/{}", rig.called());
    let requests = proxy.requests();
    assert!(requests.len() >= 10, "{requests:?}");
    for request in &requests {
        let path = request.replace(&own, "/containers/NAME");
        let path = path.replace(&crate::rig::image_id().to_string(), "ID");
        let known = [
            "GET /_ping",
            "GET /version",
            "GET /info",
            "GET /images/ID/json",
            "GET /containers/json",
            "POST /containers/create",
            "POST /containers/NAME/start",
            "POST /containers/NAME/attach",
            "GET /containers/NAME/json",
            "DELETE /containers/NAME",
        ];
        assert!(known.contains(&path.as_str()), "{request}");
    }
}

#[tokio::test]
async fn a_connected_socket_is_followed() {
    let connected = UnixStream::connect(SOCKET).unwrap();
    works(&Rig::at(Address::Inherited(connected.as_raw_fd()), None)).await;
}

#[tokio::test]
async fn a_listening_port_is_followed() {
    let (_proxy, address) = Proxy::tcp(None).await;
    let connected = std::net::TcpStream::connect(address).unwrap();
    works(&Rig::at(Address::Inherited(connected.as_raw_fd()), None)).await;
}

fn refused(address: Address, tls: Option<Tls>) -> ConnectError {
    let (policy, instance) = (Policy::default(), Uuid::nil());
    let (runtime, pool) = (Runtime::Runc, PoolSettings::NONE);
    let settings = DockerSettings { address, tls, instance, owner: None, policy, runtime, pool };
    DockerContainers::new(settings).err().unwrap()
}

#[test]
fn sockets_without_a_name_are_refused() {
    let (one, _other) = UnixStream::pair().unwrap();
    let error = refused(Address::Inherited(one.as_raw_fd()), None);
    assert!(matches!(error, ConnectError::Address(AddressError::Unnamed(_))), "{error}");
}

pub(crate) struct Certificates {
    directory: tempfile::TempDir,
}

impl Certificates {
    /// An authority, a server's and a client's certificate.
    pub(crate) fn make() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let script = r#"
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
                -keyout ca-key.pem -out ca.pem
            for who in server client; do
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$who \
                    -keyout $who-key.pem -out $who.csr
                printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%sAuth\n' $who > $who.ext
                openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
                    -extfile $who.ext -out $who.pem
            done
            cp client.pem cert.pem; cp client-key.pem key.pem"#;
        let made = Command::new("sh").args(["-ec", script]).current_dir(directory.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn tls(&self) -> Tls {
        Tls::from_environment(Some("1"), self.path().to_str(), None).unwrap().unwrap()
    }

    /// What a daemon with `--tlsverify` asks for.
    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut authorities = RootCertStore::empty();
        authorities.add(CertificateDer::from_pem_file(self.path().join("ca.pem")).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider.clone());
        let chain = vec![CertificateDer::from_pem_file(self.path().join("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.path().join("server-key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

#[tokio::test]
async fn mutual_tls_works() {
    let certificates = Certificates::make();
    let (_proxy, address) = Proxy::tcp(Some(certificates.acceptor())).await;
    works(&Rig::at(format!("tcp://{address}").parse().unwrap(), Some(certificates.tls()))).await;
}

#[tokio::test]
async fn certificates_of_another_authority_are_not_trusted() {
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let (proxy, address) = Proxy::tcp(Some(certificates.acceptor())).await;
    let foreign_client = Tls { cert: others.tls().cert, key: others.tls().key, ..certificates.tls() };
    let foreign_server = Tls { ca: others.tls().ca, ..certificates.tls() };
    for tls in [foreign_client, foreign_server] {
        let rig = Rig::at(format!("tcp://{address}").parse().unwrap(), Some(tls));
        let error = rig.containers.ping().await.unwrap_err();
        assert!(matches!(error, ContainerError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(proxy.requests(), Vec::<String>::new());
}

#[test]
fn bad_certificate_files_are_named() {
    let certificates = Certificates::make();
    let address: Address = "tcp://127.0.0.1:1".parse().unwrap();
    let missing = Tls { ca: "/nowhere/ca.pem".into(), ..certificates.tls() };
    assert!(refused(address.clone(), Some(missing)).to_string().contains("/nowhere/ca.pem"));
    let empty = certificates.path().join("server.ext");
    let no_key = Tls { key: empty, ..certificates.tls() };
    assert!(matches!(refused(address, Some(no_key)), ConnectError::Pem { .. }));
    let error = refused(Address::Unix(SOCKET.into()), Some(certificates.tls()));
    assert!(matches!(error, ConnectError::TlsElsewhere(_)), "{error}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unavailable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rig = Rig::at(format!("tcp://127.0.0.1:{port}").parse().unwrap(), None);
    let error = rig.containers.ping().await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}
