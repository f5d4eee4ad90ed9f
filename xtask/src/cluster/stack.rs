//! The services, as the files of `deploy` describe them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::images::Images;
use super::node::Node;
use crate::place::Place;
use crate::process::log;
use crate::setup::Recipe;

/// What the services are called together.
pub(super) const STACK: &str = "simulay";

/// Deploys them; what runs already as it should is left alone.
pub(super) fn deploy(place: &Place, images: &Images, manager: &Node) -> anyhow::Result<()> {
    let mut deploy = manager.docker();
    deploy.args(["stack", "deploy", "--prune", "--resolve-image", "never"]);
    deploy.args(["--compose-file", "deploy/stack.yml", "--compose-file", "deploy/stack.local.yml", STACK]);
    deploy.current_dir(place.root()).envs(images.variables());
    deploy.env("SIMULAY_DOCKER_GROUP", group(manager)?.to_string());
    deploy.env("SIMULAY_SETTINGS_VERSION", settings_version(place)?);
    log(&mut deploy, &place.made("cluster.log")?)
}

/// Configs do not change once they are there: what is in their files is part of their names.
fn settings_version(place: &Place) -> anyhow::Result<String> {
    let deploy = place.root().join("deploy");
    let scripts =
        Recipe::of(&deploy.join("nginx"))?.with_folder(&deploy.join("mongodb"), Path::new("mongodb"))?;
    let scripts = scripts.with_folder(&deploy.join("redis"), Path::new("redis"))?;
    let all = scripts.with_program("simulay.toml", fs::read(deploy.join("simulay.toml"))?);
    Ok(all.version())
}

/// Who may use the socket of a node's daemon.
pub(super) fn group(node: &Node) -> anyhow::Result<u32> {
    let socket = node.socket();
    let facts = socket.metadata().with_context(|| format!("{} is not there", socket.display()))?;
    Ok(facts.gid())
}

/// `docker stack` of these services.
pub(super) fn stack(manager: &Node, verb: &str) -> Command {
    let mut stack = manager.docker();
    stack.args(["stack", verb, STACK]);
    stack
}
