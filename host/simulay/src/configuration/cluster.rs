//! The services of a cluster: where its records, hints and bytes are, and how its processes reach each other.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::bail;
use serde::Deserialize;

use super::Secret;
use crate::fault::Usage;

/// The services of a cluster. `simulay serve` uses none of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    /// Where records are: a URI of MongoDB with the name of the database. May hold a password.
    pub(crate) mongodb: Option<Secret>,
    /// The file that holds it.
    pub(crate) mongodb_file: Option<PathBuf>,
    /// Where hints go: a URL of Redis. May hold a password.
    pub(crate) redis: Option<Secret>,
    /// The file that holds it.
    pub(crate) redis_file: Option<PathBuf>,
    /// Who signed the certificate of Redis, with `rediss://`; PEM.
    pub(crate) redis_ca: Option<PathBuf>,
    /// Where bytes are.
    pub(crate) blobs: BlobPlace,
    /// The bucket, when they are in one.
    pub(crate) s3: Option<S3>,
    /// The certificates of this process, as `simulay cluster init` makes them: `ca.crt`, `tls.crt`, `tls.key`.
    pub(crate) certificates: Option<PathBuf>,
    /// Where a runner or an agent listens for calls of other processes; the role's own port when not set.
    pub(crate) listen: Option<SocketAddr>,
    /// Hosts and ports of the runners: every address that a name has is one.
    #[serde(default)]
    pub(crate) runners: Vec<String>,
    /// Hosts and ports of the agents that run containers.
    #[serde(default)]
    pub(crate) nodes: Vec<String>,
    /// What this node is called; the machine's name when not set.
    pub(crate) node: Option<String>,
    /// Where a runner or an agent answers `/healthz`, `/readyz` and `/metrics`, in plain HTTP.
    pub(crate) health: SocketAddr,
}

/// Where the bytes of a cluster are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BlobPlace {
    /// In MongoDB, beside the records.
    GridFs,
    /// In a bucket of an S3-compatible storage.
    S3,
}

/// A bucket of an S3-compatible storage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct S3 {
    /// Its name.
    pub(crate) bucket: String,
    /// Where the storage is, `https://host:port`, without the bucket; Amazon's in the region when not set.
    pub(crate) endpoint: Option<String>,
    /// The region; storages without regions take any.
    #[serde(default = "usual_region")]
    pub(crate) region: String,
    /// Whether an address names the bucket by its path rather than by its host.
    #[serde(default)]
    pub(crate) path_style: bool,
    /// The file of the access key's identifier; the environment's when not set.
    pub(crate) id_file: Option<PathBuf>,
    /// The file of its secret.
    pub(crate) secret_file: Option<PathBuf>,
}

fn usual_region() -> String {
    "us-east-1".to_owned()
}

impl Cluster {
    /// Where records are.
    pub(crate) fn mongodb(&self) -> anyhow::Result<Secret> {
        let address = one_of("cluster.mongodb", self.mongodb.as_ref(), self.mongodb_file.as_ref())?;
        if !names_database(address.reveal()) {
            bail!(Usage(
                "cluster.mongodb names no database; add one: mongodb://host/simulay?replicaSet=rs0"
                    .to_owned()
            ));
        }
        Ok(address)
    }

    /// Where hints go.
    pub(crate) fn redis(&self) -> anyhow::Result<Secret> {
        one_of("cluster.redis", self.redis.as_ref(), self.redis_file.as_ref())
    }

    /// True when the records are in a cluster, so that commands work there and in no data directory.
    pub(crate) fn is_set(&self) -> bool {
        self.mongodb.is_some() || self.mongodb_file.is_some()
    }

    /// The folder of certificates.
    pub(crate) fn certificates(&self) -> Result<PathBuf, Usage> {
        self.certificates.clone().ok_or_else(|| missing("cluster.certificates"))
    }

    /// The bucket of the cluster.
    pub(crate) fn s3(&self) -> Result<&S3, Usage> {
        self.s3.as_ref().ok_or_else(|| {
            Usage("cluster.blobs is \"s3\", and cluster.s3 does not say which bucket".to_owned())
        })
    }

    /// Hosts and ports of the runners.
    pub(crate) fn runners(&self) -> Result<Vec<String>, Usage> {
        some("cluster.runners", &self.runners)
    }

    /// Hosts and ports of the agents.
    pub(crate) fn nodes(&self) -> Result<Vec<String>, Usage> {
        some("cluster.nodes", &self.nodes)
    }

    /// Where a process of a role listens whose own port is `port`.
    pub(crate) fn listen_on(&self, port: u16) -> SocketAddr {
        self.listen.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, port).into())
    }
}

/// True when an address of MongoDB has a path, which is the name of a database.
fn names_database(address: &str) -> bool {
    let hosts = address.split_once("://").map_or(address, |(_, hosts)| hosts);
    hosts.split_once('/').is_some_and(|(_, path)| !path.is_empty() && !path.starts_with('?'))
}

fn some(name: &str, names: &[String]) -> Result<Vec<String>, Usage> {
    if names.is_empty() { Err(missing(name)) } else { Ok(names.to_vec()) }
}

fn missing(name: &str) -> Usage {
    Usage(format!("{name} is not set; a process of a cluster needs it"))
}

fn one_of(name: &str, given: Option<&Secret>, file: Option<&PathBuf>) -> anyhow::Result<Secret> {
    match (given, file) {
        (Some(_), Some(_)) => {
            Err(Usage(format!("{name} and {name}_file are both set; take one away")).into())
        }
        (Some(given), None) => Ok(given.clone()),
        (None, Some(file)) => Secret::read(file),
        (None, None) => {
            Err(Usage(format!("{name} is not set, nor {name}_file; a process of a cluster needs it")).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_address_names_a_database() {
        for address in
            ["mongodb://a/simulay", "mongodb://u:p@a,b:1/simulay?replicaSet=rs0", "mongodb+srv://a/x"]
        {
            assert!(names_database(address), "{address}");
        }
        for address in ["mongodb://a", "mongodb://a/", "mongodb://a/?replicaSet=rs0", "a"] {
            assert!(!names_database(address), "{address}");
        }
    }

    #[test]
    fn a_secret_comes_from_one_place_and_its_lack_is_told() {
        let (folder, secret) = (tempfile::tempdir().unwrap(), Secret::from(String::from("mongodb://a")));
        let file = folder.path().join("uri");
        fs::write(&file, "mongodb://b\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let of = |given, file| one_of("cluster.mongodb", given, file);
        assert_eq!(of(Some(&secret), None).unwrap().reveal(), "mongodb://a");
        assert_eq!(of(None, Some(&file)).unwrap().reveal(), "mongodb://b");
        let told = of(None, None).unwrap_err().to_string();
        assert!(told.contains("cluster.mongodb_file"), "{told}");
        assert!(of(Some(&secret), Some(&file)).is_err());
    }
}
