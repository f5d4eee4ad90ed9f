//! Over TLS, as a user who may do no more than is needed.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use simulay_signals_redis::{RedisLogs, RedisRates, RedisServer, RedisSettings, RedisSignals};

use crate::redis_server::{PATIENCE, Redis, free_port, until};

/// As `docs/cluster/redis.md` tells operators.
const RIGHTS: &str = "~simulay:* &simulay:* -@all +ping +select +publish +subscribe +unsubscribe \
                      +append +strlen +getrange +expire +get +set +time +eval +evalsha +script|load";

/// Writes the certificate of an authority, and one for this machine with its key.
fn certificates(directory: &Path) -> [PathBuf; 3] {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let texts = [authority.pem(), certificate.pem(), key.serialize_pem()];
    let files = ["ca.pem", "redis.pem", "redis.key"].map(|name| directory.join(name));
    files.iter().zip(texts).for_each(|(file, text)| fs::write(file, text).unwrap());
    files
}

/// A server with TLS only, and one user.
fn start() -> Redis {
    let directory = tempfile::tempdir().unwrap();
    let [ca, certificate, key] = certificates(directory.path()).map(|file| file.display().to_string());
    let port = free_port();
    let users = directory.path().join("users.acl");
    fs::write(&users, format!("user default off\nuser simulay on >secret {RIGHTS}\n")).unwrap();
    let options = [
        ("--port", "0"),
        ("--tls-port", &port.to_string()),
        ("--tls-cert-file", &certificate),
        ("--tls-key-file", &key),
        ("--tls-ca-cert-file", &ca),
        ("--tls-auth-clients", "no"),
        ("--aclfile", &users.display().to_string()),
    ];
    let options =
        options.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]).collect();
    Redis::with(directory, port, options)
}

fn server(redis: &Redis, password: &str, authority: bool) -> RedisServer {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = authority.then(|| redis.directory.path().join("ca.pem"));
    let url = format!("rediss://simulay:{password}@localhost:{}", redis.port);
    RedisServer::new(&RedisSettings { url, authority, instance: "test".to_owned() }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_done_over_tls_with_few_rights() {
    let redis = start();
    let server = server(&redis, "secret", true);
    until("Redis answers", async || server.ping().await.is_ok()).await;
    let signals = [(); 2].map(|()| RedisSignals::start(&server));
    simulay_signals::conformance::check_between(&signals[0], &signals[1]).await;
    let logs = [(); 2].map(|()| RedisLogs::start(&server));
    simulay_signals::conformance::check_relay_between(&logs[0], &logs[1]).await;
    let rates = [(); 2].map(|()| RedisRates::start(&server, PATIENCE));
    shared(&rates).await;
    simulay_rates::conformance::check_between(&rates[0], &rates[1]).await;
}

/// Waits until both count in Redis: what one admits the other does not admit again.
async fn shared([one, other]: &[RedisRates; 2]) {
    use simulay_rates::{Rate, Rates as _};
    let rate = Rate::new(1, PATIENCE * 100, 1).unwrap();
    let drawn = std::cell::Cell::new(0);
    until("Redis counts", async || {
        drawn.set(drawn.get() + 1);
        let who = drawn.get().to_string();
        one.take("connected", &who, rate).await.is_ok() && other.take("connected", &who, rate).await.is_err()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_trusted_is_refused_without_telling_the_password() {
    let redis = start();
    until("Redis answers", async || server(&redis, "secret", true).ping().await.is_ok()).await;
    for (password, authority) in [("hunter2", true), ("secret", false)] {
        let refused = server(&redis, password, authority).ping().await.unwrap_err();
        let told = format!("{refused} {refused:?}");
        assert!(!told.contains(password), "{told}");
    }
}
