//! A server over TLS: its own, or that of a proxy before it, as nginx does.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::command::{complaint, said, simulay};
use crate::serving::Server;

/// An authority and a server's certificate, in `directory`.
fn make_certificates(directory: &Path) {
    let script = r#"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
            -keyout ca-key.pem -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server \
            -keyout key.pem -out server.csr
        printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' > server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
            -extfile server.ext -out cert.pem"#;
    let made = Command::new("sh").args(["-ec", script]).current_dir(directory).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn acceptor(directory: &Path) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from_pem_file(directory.join("cert.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(directory.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Hands what comes over TLS to `server`; gives its own address.
fn start_proxy(runtime: &Runtime, acceptor: TlsAcceptor, server: String) -> String {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                // A client that does not trust us hangs up.
                let mut client = acceptor.accept(client).await?;
                let mut server = TcpStream::connect(server).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    address
}

#[test]
fn a_server_is_spoken_to_over_tls_when_its_certificate_is_trusted() {
    let home = tempfile::tempdir().unwrap();
    make_certificates(home.path());
    let server = Server::start(home.path(), &[]);
    let runtime = Runtime::new().unwrap();
    let plain = server.address().strip_prefix("http://").unwrap().to_owned();
    let address = start_proxy(&runtime, acceptor(home.path()), plain);
    let ask = ["plugin", "list", "--server", &address];

    let trusted = simulay(home.path()).args(ask).env("SSL_CERT_FILE", "ca.pem").output().unwrap();
    assert!(trusted.status.success(), "{}", complaint(&trusted));
    assert!(said(&trusted).starts_with("PLUGIN"), "{}", said(&trusted));

    let distrusted = simulay(home.path()).args(ask).output().unwrap();
    assert!(!distrusted.status.success());
    let told = complaint(&distrusted);
    assert!(told.contains("certificate") && told.contains("SSL_CERT_FILE"), "{told}");
}

/// A server that speaks TLS with the certificate in its home.
fn with_certificate(home: &Path) -> Command {
    let mut command = simulay(home);
    command.env("SIMULAY__SERVER__TLS_CERT", "cert.pem").env("SIMULAY__SERVER__TLS_KEY", "key.pem");
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command
}

#[test]
fn a_server_with_a_certificate_speaks_tls_and_follows_the_files_of_it() {
    let (home, later) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_certificates(home.path());
    make_certificates(later.path());
    let server = Server::launch(&mut with_certificate(home.path()));
    assert!(server.address().starts_with("https://127.0.0.1:"), "{}", server.address());
    let trusted_by = |authority: &Path| {
        let ask = ["plugin", "list", "--server", server.address()];
        let asked = simulay(home.path()).args(ask).env("SSL_CERT_FILE", authority).output().unwrap();
        asked.status.success()
    };
    let authorities = [home.path().join("ca.pem"), later.path().join("ca.pem")];
    assert!(trusted_by(&authorities[0]) && !trusted_by(&authorities[1]));
    for file in ["cert.pem", "key.pem"] {
        std::fs::copy(later.path().join(file), home.path().join("next")).unwrap();
        std::fs::rename(home.path().join("next"), home.path().join(file)).unwrap();
    }
    assert!((0..1000).any(|_| trusted_by(&authorities[1])));
    assert!(!trusted_by(&authorities[0]));
}

#[test]
fn a_server_does_not_start_with_a_certificate_that_does_not_do() {
    let home = tempfile::tempdir().unwrap();
    make_certificates(home.path());
    std::fs::rename(home.path().join("ca-key.pem"), home.path().join("key.pem")).unwrap();
    let refused = with_certificate(home.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(complaint(&refused).contains("server.tls_key"), "{}", complaint(&refused));
    let half = with_certificate(home.path()).env_remove("SIMULAY__SERVER__TLS_KEY").output().unwrap();
    assert_eq!(half.status.code(), Some(2));
    assert!(complaint(&half).contains("set together"), "{}", complaint(&half));
}
