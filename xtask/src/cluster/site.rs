//! Where the parts of the cluster on this machine lie, and what they are called.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::rest::Host;

/// Short, since the path of a socket has at most 108 characters.
const RUNNING: &str = "/run/simulay-cluster";
const STORED: &str = "/var/lib/simulay-cluster";
const NODES: u8 = 3;

/// The cluster of this machine; there is one.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    running: PathBuf,
    stored: PathBuf,
}

/// A node by its number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(u8);

impl Name {
    /// Its host name, and that of its network namespace.
    pub(crate) fn host(self) -> String {
        format!("simulay-node{}", self.0)
    }

    /// Its end of the cable; the kernel allows 15 characters.
    pub(super) fn cable(self) -> String {
        format!("simulay-veth{}", self.0)
    }

    /// Its address.
    pub(crate) fn address(self) -> String {
        format!("10.231.7.{}", 10 + self.0)
    }
}

impl Site {
    /// Makes its folders where they are missing.
    pub(super) fn open() -> anyhow::Result<Self> {
        let site = Self { running: RUNNING.into(), stored: STORED.into() };
        for folder in [&site.running, &site.stored] {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        Ok(site)
    }

    /// Its nodes.
    pub(super) fn names(&self) -> impl Iterator<Item = Name> + use<> {
        (1..=NODES).map(Name)
    }

    /// What a node has while it runs: its `/run`.
    pub(super) fn running(&self, name: Name) -> PathBuf {
        self.running.join(name.host())
    }

    /// What a node keeps, and its log.
    pub(super) fn stored(&self, name: Name) -> PathBuf {
        self.stored.join(name.host())
    }

    /// Certificates, keys and passwords.
    pub(super) fn secrets(&self) -> PathBuf {
        self.stored.join("secrets")
    }

    /// Who signed the certificate that users see.
    pub(crate) fn authority(&self) -> PathBuf {
        self.secrets().join("authority.crt")
    }

    /// The token of the first account.
    pub(crate) fn token(&self) -> PathBuf {
        self.secrets().join("first_token")
    }

    /// Where users reach it.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", Name(1).address())
    }

    /// The way in by the nginx of a node, as the first account.
    pub(crate) fn host(&self, name: Name) -> anyhow::Result<Host> {
        let [authority, token] = [self.authority(), self.token()].map(fs::read_to_string);
        let host = Host::new(&format!("https://{}", name.address())).signed_by(&authority?)?;
        host.with_token(token?.trim())
    }

    /// Removes all that was stored.
    pub(super) fn remove(&self) -> anyhow::Result<()> {
        [&self.running, &self.stored].into_iter().try_for_each(|folder| remove(folder))
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Namespaces, mounts and daemons are root's.
pub(super) fn need_root() -> anyhow::Result<()> {
    if nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    bail!("a cluster on this machine needs root: it makes network namespaces and starts dockerd in them")
}
