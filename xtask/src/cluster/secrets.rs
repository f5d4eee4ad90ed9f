//! Passwords, keys and certificates: made once, and given to the swarm.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::certificates;
use super::node::Node;
use super::site::Site;
use crate::build;
use crate::place::Place;
use crate::process::{read, run};
use crate::step::say;

const ROLES: [&str; 3] = ["api", "runner", "containers"];

/// Makes those that are missing, and gives the swarm those that it lacks.
pub(super) fn up(place: &Place, site: &Site, manager: &Node) -> anyhow::Result<()> {
    ensure(place, site)?;
    let known = read(manager.docker().args(["secret", "ls", "--format", "{{.Name}}"]))?;
    for (name, file) in all(&site.secrets()) {
        if !known.lines().any(|known| known == name) {
            read(manager.docker().args(["secret", "create", &name]).arg(file))?;
        }
    }
    Ok(())
}

/// Makes those that are missing.
pub(super) fn ensure(place: &Place, site: &Site) -> anyhow::Result<()> {
    let folder = site.secrets();
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
    let mut names: Vec<String> = site.names().map(|name| name.address()).collect();
    names.extend(["localhost", "127.0.0.1"].map(str::to_owned));
    certificates::ensure(&folder, names)?;
    passwords(&folder)?;
    roles(place, &folder.join("cluster"))
}

fn passwords(folder: &Path) -> anyhow::Result<()> {
    let redis = drawn(&folder.join("redis_password"))?;
    drawn(&folder.join("mongodb_password"))?;
    drawn(&folder.join("mongodb_key"))?;
    drawn(&folder.join("first_token"))?;
    fs::write(folder.join("redis_uri"), format!("redis://:{redis}@redis:6379"))?;
    // The server that stands in for MongoDB has a replica set of another name, and no accounts.
    Ok(fs::write(folder.join("mongodb_uri"), "mongodb://mongodb:27017/simulay?directConnection=true")?)
}

/// What is in `file`; drawn when there is none.
fn drawn(file: &Path) -> anyhow::Result<String> {
    if !file.exists() {
        let mut bytes = [0; 32];
        fs::File::open("/dev/urandom")
            .and_then(|mut source| std::io::Read::read_exact(&mut source, &mut bytes))?;
        fs::write(file, bytes.map(|byte| format!("{byte:02x}")).concat())?;
    }
    Ok(fs::read_to_string(file)?)
}

/// Certificates by which the roles know each other.
fn roles(place: &Place, folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    say("making certificates of the roles");
    build::host(place)?;
    run(Command::new(place.simulay()).args(["cluster", "init"]).arg(folder))
}

/// Each secret by its name, and its file.
fn all(folder: &Path) -> Vec<(String, PathBuf)> {
    let cluster = folder.join("cluster");
    let mut all = vec![
        ("simulay_first_token".to_owned(), folder.join("first_token")),
        ("simulay_cluster_ca_1".to_owned(), cluster.join("api/ca.crt")),
    ];
    for name in ["tls_crt", "tls_key"] {
        all.push((format!("simulay_{name}_1"), folder.join(name.replace('_', "."))));
    }
    for name in ["mongodb_uri", "mongodb_password", "mongodb_key", "redis_uri", "redis_password"] {
        all.push((format!("simulay_{name}_1"), folder.join(name)));
    }
    for role in ROLES {
        all.push((format!("simulay_{role}_crt_1"), cluster.join(role).join("tls.crt")));
        all.push((format!("simulay_{role}_key_1"), cluster.join(role).join("tls.key")));
    }
    all
}
