//! A cluster on this machine: daemons of Docker with networks of their own stand for machines, and the files of
//! `deploy` are what runs on them.

pub(crate) mod certificates;
mod compose;
mod handle;
mod images;
mod network;
mod node;
mod progress;
mod secrets;
mod site;
mod stack;
mod swarm;

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

pub(crate) use self::handle::Swarm;
use self::images::Images;
use self::node::Node;
pub(crate) use self::site::Site;
use crate::build;
use crate::place::Place;
use crate::process::poll;
use crate::step::{say, step};

/// For a new replica to be asked.
const ANSWER: Duration = Duration::from_secs(60);

/// How much of it.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Size {
    /// On one node, by `docker compose`, instead of three by Docker Swarm.
    #[arg(long)]
    pub(crate) compose: bool,
}

/// Nodes, images on each, and the services over them.
pub(crate) fn up(place: &Place, size: Size) -> anyhow::Result<Site> {
    site::need_root()?;
    let site = Site::open()?;
    let images = images::ensure(place)?;
    build::host(place)?;
    step("joining the nodes by a network", || network::up(&site))?;
    let names = site.names().take(if size.compose { 1 } else { usize::MAX });
    let nodes = step("starting the nodes", || node::up(place, &site, names))?;
    step("loading the images into each node", || images.load(&nodes))?;
    step("making passwords, keys and certificates", || secrets::ensure(place, &site))?;
    if size.compose {
        step("starting the services", || compose::up(place, &site, &images, swarm::manager(&nodes)?))?;
    } else {
        spread(place, &site, &images, &nodes)?;
    }
    step("waiting for an answer by way of each node", || answers(&site, &nodes))?;
    say(&format!("the cluster serves at {}", site.url()));
    say(&format!("the token of its first account is in {}", site.token().display()));
    say(&format!("who signed its certificate is in {}", site.authority().display()));
    Ok(site)
}

/// A swarm of the nodes, and the services on it.
fn spread(place: &Place, site: &Site, images: &Images, nodes: &[Node]) -> anyhow::Result<()> {
    step("making a swarm of the nodes", || swarm::up(nodes))?;
    let manager = swarm::manager(nodes)?;
    step("handing out secrets", || secrets::hand_out(site, manager))?;
    step("deploying the services", || stack::deploy(place, images, manager))?;
    progress::wait(manager)
}

/// Waits until requests are answered: nginx looks for the replicas of `api` as they come.
fn answers(site: &Site, nodes: &[Node]) -> anyhow::Result<()> {
    for node in nodes {
        let host = site.host(node.name())?;
        poll(ANSWER, || host.get("/v1/me").ok())
            .with_context(|| format!("nobody answers at {}", node.name().address()))?;
    }
    Ok(())
}

/// Ends every process of it, and removes its networks, mounts and folders.
pub(crate) fn down() -> anyhow::Result<()> {
    site::need_root()?;
    let site = Site::open()?;
    step("ending the nodes", || node::down(&site))?;
    step("removing their networks", || network::down(&site))?;
    step("removing what they stored", || site.remove())
}

/// The nodes that are up.
fn nodes(site: &Site) -> Vec<Node> {
    site.names().map(|name| Node::new(site, name)).collect()
}
