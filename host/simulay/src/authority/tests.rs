use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;
use x509_parser::pem::parse_x509_pem;

use super::*;

fn now() -> Timestamp {
    Timestamp::now()
}

fn cluster() -> (TempDir, Folder) {
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::init(&home.path().join("cluster"), "north", 90, now()).unwrap();
    (home, folder)
}

fn read(home: &TempDir, file: &str) -> String {
    fs::read_to_string(home.path().join("cluster").join(file)).unwrap()
}

fn roots(pem: &str) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    Arc::new(roots)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Whether whoever trusts `trusted` takes `cert` for the server and for a client of the role.
fn taken(trusted: &str, cert: &str, role: Role) -> (bool, bool) {
    let cert = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
    let name = ServerName::try_from(role.server_name()).unwrap();
    let servers = WebPkiServerVerifier::builder_with_provider(roots(trusted), provider()).build().unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(roots(trusted), provider()).build().unwrap();
    let at = UnixTime::now();
    let server = servers.verify_server_cert(&cert, &[], &name, &[], at);
    (server.is_ok(), clients.verify_client_cert(&cert, &[], at).is_ok())
}

/// Whether the roles of a cluster take each other's certificates, whose are in `certs`, trusting `trusted`.
fn all_take(home: &TempDir, trusted: &str) {
    for role in Role::ALL {
        let cert = read(home, &format!("{}/tls.crt", role.name()));
        assert_ne!(taken(trusted, &cert, role), (false, false), "{role:?}");
    }
}

#[test]
fn every_certificate_names_its_role_and_is_good_for_no_more() {
    let (home, folder) = cluster();
    let cluster = folder.authorities().unwrap().first().unwrap().1.cluster;
    for (role, expected) in Role::ALL.into_iter().zip([(false, true), (true, true), (true, false)]) {
        let name = role.name();
        let cert = read(&home, &format!("{name}/tls.crt"));
        let trusted = read(&home, &format!("{name}/ca.crt"));
        assert_eq!(taken(&trusted, &cert, role), expected, "{name}");
        let facts = Facts::read(&cert).unwrap();
        assert_eq!(facts.id, format!("spiffe://{cluster}/{name}"));
        assert!(facts.fits(&read(&home, &format!("{name}/tls.key"))));
        let (_, block) = parse_x509_pem(cert.as_bytes()).unwrap();
        let parsed = block.parse_x509().unwrap();
        assert!(!parsed.is_ca() && parsed.raw_serial().len() >= 16);
        let usage = parsed.key_usage().unwrap().unwrap().value;
        assert!(usage.digital_signature() && !usage.key_cert_sign());
        let days = (facts.ends.as_second() - now().as_second()) / 86_400;
        assert!((89..=90).contains(&days) && facts.begins < now(), "{days}");
    }
}

#[test]
fn the_authority_makes_certificates_and_no_authorities() {
    let (home, _) = cluster();
    let cert = read(&home, "ca/ca.crt");
    let (_, block) = parse_x509_pem(cert.as_bytes()).unwrap();
    let parsed = block.parse_x509().unwrap();
    let constraints = parsed.basic_constraints().unwrap().unwrap().value;
    assert!(constraints.ca && constraints.path_len_constraint == Some(0));
    let usage = parsed.key_usage().unwrap().unwrap().value;
    assert!(usage.key_cert_sign() && !usage.digital_signature());
}

#[test]
fn keys_are_for_their_owner_only() {
    let (home, _) = cluster();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let root = home.path().join("cluster");
    assert_eq!((mode(&root), mode(&root.join("ca"))), (0o700, 0o700));
    for key in ["ca/ca.key", "api/tls.key", "runner/tls.key", "containers/tls.key"] {
        assert_eq!(mode(&root.join(key)), 0o600, "{key}");
    }
}

#[test]
fn another_clusters_certificates_are_not_taken() {
    let ((home, _), (other, _)) = (cluster(), cluster());
    let (trusted, cert) = (read(&home, "runner/ca.crt"), read(&other, "runner/tls.crt"));
    assert_eq!(taken(&trusted, &cert, Role::Runner), (false, false));
}

#[test]
fn renewed_certificates_are_others_of_the_same_authority() {
    let (home, folder) = cluster();
    let (trusted, before) = (read(&home, "api/ca.crt"), read(&home, "api/tls.crt"));
    folder.renew(7, now()).unwrap();
    let after = read(&home, "api/tls.crt");
    let [before, renewed] = [&before, &after].map(|cert| Facts::read(cert).unwrap());
    assert!(before.serial != renewed.serial && before.id == renewed.id && renewed.ends < before.ends);
    assert_eq!(read(&home, "api/ca.crt"), trusted);
    all_take(&home, &trusted);
}

#[test]
fn a_role_does_not_outlive_its_authority() {
    let home = tempfile::tempdir().unwrap();
    let nine_years = now().checked_sub(DAY.saturating_mul(3600)).unwrap();
    let folder = Folder::init(&home.path().join("cluster"), "old", 1, nine_years).unwrap();
    folder.renew(90, now()).unwrap();
    let authority = folder.authorities().unwrap().first().unwrap().1.ends;
    assert!(folder.issued().unwrap().iter().all(|issued| issued.facts.ends == authority));
    let later = authority.checked_add(DAY).unwrap();
    assert!(folder.renew(90, later).unwrap_err().to_string().contains("the authority ended"));
}

/// Of any two neighbouring states, each takes the certificates of the other: nodes get them one by one.
#[test]
fn while_the_authority_changes_all_take_each_other() {
    let (home, folder) = cluster();
    let trusted = |home: &TempDir| read(home, "runner/ca.crt");
    let at_first = trusted(&home);
    let steps: [(&str, &dyn Fn() -> anyhow::Result<()>); 3] = [
        ("begin", &|| folder.begin(now())),
        ("switch", &|| folder.switch(90, now())),
        ("finish", &|| folder.finish()),
    ];
    let mut before = at_first.clone();
    for (name, step) in steps {
        step().unwrap();
        let after = trusted(&home);
        all_take(&home, &after);
        if name != "finish" {
            all_take(&home, &before);
        }
        let files = |home: &TempDir| read(home, "ca/ca.crt") + &trusted(home);
        let once = files(&home);
        step().unwrap();
        assert_eq!(files(&home), once, "{name} may be repeated");
        before = after;
    }
    let cert = read(&home, "runner/tls.crt");
    assert_eq!(taken(&at_first, &cert, Role::Runner), (false, false), "the former one is gone");
    assert_eq!(folder.authorities().unwrap().len(), 1);
}

#[test]
fn steps_out_of_turn_are_refused_and_change_nothing() {
    let (home, folder) = cluster();
    assert!(folder.switch(90, now()).unwrap_err().to_string().contains("--ca begin"));
    folder.begin(now()).unwrap();
    let before = read(&home, "ca/ca.crt");
    assert!(folder.finish().unwrap_err().to_string().contains("--ca switch"));
    folder.switch(90, now()).unwrap();
    assert!(folder.begin(now()).unwrap_err().to_string().contains("--ca finish"));
    assert_ne!(read(&home, "ca/ca.crt"), before);
}

#[test]
fn a_switch_that_was_interrupted_is_repeated() {
    let (home, folder) = cluster();
    let root = home.path().join("cluster");
    folder.begin(now()).unwrap();
    // Between the two renames.
    fs::rename(root.join("ca"), root.join("ca-former")).unwrap();
    fs::create_dir(root.join(".cluster-left")).unwrap();
    let folder = Folder::open(&root).unwrap();
    assert!(folder.renew(90, now()).unwrap_err().to_string().contains("repeat it first"));
    folder.switch(90, now()).unwrap();
    // Between a key and its certificate.
    let other = Authority::make(Uuid::new_v4(), "x", now()).unwrap();
    fs::write(root.join("runner/tls.key"), other.key).unwrap();
    assert!(folder.issued().unwrap().iter().any(|issued| !issued.key_fits));
    assert!(folder.finish().unwrap_err().to_string().contains("runner; repeat it first"));
    folder.switch(90, now()).unwrap();
    folder.finish().unwrap();
    assert!(!root.join(".cluster-left").exists());
    all_take(&home, &read(&home, "api/ca.crt"));
}

#[test]
fn what_is_there_is_not_touched() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "mine").unwrap();
    assert!(Folder::init(home.path(), "north", 90, now()).is_err());
    assert!(Folder::open(home.path()).is_err());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left over");
}
