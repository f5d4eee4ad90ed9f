//! The cluster on one node, by `docker compose`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::bail;

use super::images::Images;
use super::node::Node;
use super::site::Site;
use super::stack;
use super::swarm;
use crate::place::Place;
use crate::process::{ends_well, run};
use crate::setup::ensure_later;

const PROGRAM: &str = "usr/libexec/docker/cli-plugins/docker-compose";
const ANSWER: Duration = Duration::from_secs(10);
/// Who the services are.
const SERVICES: u32 = 65532;
/// Who MongoDB is.
const MONGODB: u32 = 999;

/// Starts the services and waits until they are well; what runs already as it should is left alone.
pub(super) fn up(place: &Place, site: &Site, images: &Images, node: &Node) -> anyhow::Result<()> {
    if swarm::is_member(node)? {
        bail!("a swarm is up: take it down first, by `cargo xtask cluster down`");
    }
    hand_over(&site.secrets())?;
    let mut compose = program(place)?;
    compose.args(["--file", "deploy/compose.yml", "--file", "deploy/compose.local.yml"]);
    compose.args(["up", "--detach", "--wait", "--quiet-pull", "--no-build"]).current_dir(place.root());
    compose.env("DOCKER_HOST", node.docker_host()).envs(images.variables());
    compose.env("SIMULAY_DOCKER_GROUP", stack::group(node)?.to_string());
    run(compose.env("SIMULAY_SECRETS", site.secrets()))
}

/// `docker compose`, or the program of Debian 13.
fn program(place: &Place) -> anyhow::Result<Command> {
    let mut installed = Command::new("docker");
    installed.arg("compose");
    if ends_well(Command::new("docker").args(["compose", "version"]), ANSWER) {
        return Ok(installed);
    }
    Ok(Command::new(ensure_later(place, "docker-compose")?.join(PROGRAM)))
}

/// Gives each file to who reads it: compose shows files and folders to containers as they are.
fn hand_over(secrets: &Path) -> anyhow::Result<()> {
    for (_, file) in super::secrets::all(secrets) {
        let of_mongodb =
            file.file_name().is_some_and(|name| name == "mongodb_password" || name == "mongodb_key");
        chown(&file, Some(if of_mongodb { MONGODB } else { SERVICES }), None)?;
        fs::set_permissions(&file, Permissions::from_mode(0o600))?;
    }
    for folder in super::secrets::of_roles(secrets) {
        chown(&folder, Some(SERVICES), None)?;
        for file in fs::read_dir(folder)? {
            chown(file?.path(), Some(SERVICES), None)?;
        }
    }
    Ok(())
}
