//! Which files make a certificate, and how it follows them.

use std::fs::{self, Permissions};
use std::os::unix::fs::symlink;

use super::*;

/// A certificate and its key in `folder`, which must not be there yet.
fn make(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(folder.join("tls.key"), Permissions::from_mode(0o640)).unwrap();
}

fn files(folder: &Path) -> Files {
    Files { cert: folder.join("tls.crt"), key: folder.join("tls.key") }
}

fn read(files: Files) -> Result<Certificate, Usage> {
    crate::tls::choose();
    Certificate::of(files)
}

fn refused(files: Files) -> String {
    read(files).err().unwrap().to_string()
}

#[test]
fn what_makes_no_pair_is_refused_by_the_name_of_the_setting() {
    let home = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| home.path().join(name));
    make(&one);
    make(&other);
    let served = read(files(&one)).unwrap();
    assert_eq!(served.newest.borrow().alpn_protocols, [b"http/1.1"], "no other protocol is spoken");
    let mixed = refused(Files { key: other.join("tls.key"), ..files(&one) });
    assert!(mixed.contains(KEY) && mixed.contains("no key of the certificate"), "{mixed}");
    let twice = refused(Files { key: one.join("tls.crt"), ..files(&one) });
    assert!(twice.contains(KEY), "{twice}");
    let swapped = refused(Files { cert: one.join("tls.key"), ..files(&one) });
    assert!(swapped.contains(CERT) && swapped.contains("no certificate"), "{swapped}");
    let absent = refused(Files { cert: one.join("none"), ..files(&one) });
    assert!(absent.contains(CERT) && absent.contains("one/none"), "{absent}");
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_cure() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tls");
    make(&folder);
    for mode in [0o644, 0o602, 0o601] {
        fs::set_permissions(folder.join("tls.key"), Permissions::from_mode(mode)).unwrap();
        let told = refused(files(&folder));
        assert!(told.contains(KEY) && told.contains("chmod o-rwx"), "{told}");
    }
}

#[test]
fn files_that_are_replaced_are_followed_and_broken_ones_are_not() {
    let home = tempfile::tempdir().unwrap();
    let [one, other, now] = ["one", "other", "now"].map(|name| home.path().join(name));
    make(&one);
    make(&other);
    // As Kubernetes has it: a link to the folder of a version, which is replaced whole.
    symlink(&one, &now).unwrap();
    let mut certificate = read(files(&now)).unwrap();
    let Transport::Tls(mut newest) = certificate.transport() else { panic!("it is encrypted") };
    certificate.renew().unwrap();
    assert!(!newest.has_changed().unwrap(), "the same files are the same certificate");

    symlink(&other, home.path().join("next")).unwrap();
    fs::rename(home.path().join("next"), &now).unwrap();
    certificate.renew().unwrap();
    assert!(newest.has_changed().unwrap());
    newest.mark_unchanged();

    for broken in ["", "nonsense"] {
        fs::write(other.join("tls.crt"), broken).unwrap();
        assert!(certificate.renew().err().unwrap().to_string().contains(CERT));
    }
    fs::remove_file(other.join("tls.crt")).unwrap();
    assert!(certificate.renew().err().unwrap().to_string().contains(CERT));
    assert!(!newest.has_changed().unwrap(), "the one before goes on");

    // As certbot has it: one file after the other.
    fs::copy(one.join("tls.crt"), other.join("tls.crt")).unwrap();
    assert!(certificate.renew().err().unwrap().to_string().contains(KEY));
    fs::rename(one.join("tls.key"), other.join("tls.key")).unwrap();
    certificate.renew().unwrap();
    assert!(newest.has_changed().unwrap());
}
