//! Passwords, keys and certificates: made once, and given to the swarm.

use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::certificates;
use super::node::Node;
use super::site::Site;
use crate::place::Place;
use crate::process::{read, run};
use crate::step::say;

const ROLES: [&str; 3] = ["api", "runner", "containers"];

/// Gives the swarm those that it lacks.
pub(super) fn hand_out(site: &Site, manager: &Node) -> anyhow::Result<()> {
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
    passwords(place, &folder)?;
    roles(place, &folder.join("cluster"))
}

fn passwords(place: &Place, folder: &Path) -> anyhow::Result<()> {
    for name in ["redis_password", "mongodb_password", "mongodb_key"] {
        keep(&folder.join(name), drawn)?;
    }
    keep(&folder.join("first_token"), || read(Command::new(place.simulay()).args(["token", "draw"])))?;
    let redis = fs::read_to_string(folder.join("redis_password"))?;
    fs::write(folder.join("redis_uri"), format!("redis://:{redis}@redis:6379"))?;
    // The server that stands in for MongoDB has a replica set of another name, and no accounts.
    Ok(fs::write(folder.join("mongodb_uri"), "mongodb://mongodb:27017/simulay?directConnection=true")?)
}

/// Writes what `make` gives into `file`, unless it is there.
fn keep(file: &Path, make: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    fs::write(file, make()?).with_context(|| format!("{} cannot be written", file.display()))
}

/// Sixty-four digits of chance.
fn drawn() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.map(|byte| format!("{byte:02x}")).concat())
}

/// Certificates by which the roles know each other.
fn roles(place: &Place, folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    say("making certificates of the roles");
    run(Command::new(place.simulay()).args(["cluster", "init"]).arg(folder))
}

/// The folders with the certificates of the roles.
pub(super) fn of_roles(folder: &Path) -> [PathBuf; 3] {
    ROLES.map(|role| folder.join("cluster").join(role))
}

/// Each secret by its name, and its file.
pub(super) fn all(folder: &Path) -> Vec<(String, PathBuf)> {
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
