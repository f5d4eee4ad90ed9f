//! A cluster on this machine: daemons of Docker with networks of their own stand for machines, and the files of
//! `deploy` are what runs on them.

mod certificates;
mod images;
mod network;
mod node;
mod progress;
mod secrets;
mod site;
mod stack;
mod swarm;

use clap::Subcommand;

use self::node::Node;
use self::site::Site;
use crate::place::Place;
use crate::step::{say, step};

/// What to do with the cluster.
#[derive(Debug, Subcommand)]
pub(crate) enum Cluster {
    /// Brings it up; what is there already is left as it is.
    Up,
    /// Takes it away with all it has stored.
    Down,
}

/// Does it.
pub(crate) fn execute(place: &Place, what: &Cluster) -> anyhow::Result<()> {
    site::need_root()?;
    match what {
        Cluster::Up => up(place).map(drop),
        Cluster::Down => down(),
    }
}

/// Nodes, a swarm over them, images on each, and the services.
fn up(place: &Place) -> anyhow::Result<Site> {
    let site = Site::open()?;
    let images = images::ensure(place)?;
    step("joining the nodes by a network", || network::up(&site))?;
    let nodes = step("starting the nodes", || node::up(place, &site))?;
    step("making a swarm of them", || swarm::up(&nodes))?;
    step("loading the images into each node", || images.load(&nodes))?;
    step("handing out secrets", || secrets::up(place, &site, swarm::manager(&nodes)?))?;
    step("deploying the services", || stack::deploy(place, &images, swarm::manager(&nodes)?))?;
    progress::wait(swarm::manager(&nodes)?)?;
    say(&format!("the cluster serves at {}", site.url()));
    say(&format!("the token of its first account is in {}", site.token().display()));
    say(&format!("who signed its certificate is in {}", site.authority().display()));
    Ok(site)
}

/// Ends every process of it, and removes its networks, mounts and folders.
fn down() -> anyhow::Result<()> {
    let site = Site::open()?;
    step("ending the nodes", || node::down(&site))?;
    step("removing their networks", || network::down(&site))?;
    step("removing what they stored", || site.remove())
}

/// The nodes that are up.
fn nodes(site: &Site) -> Vec<Node> {
    site.names().map(|name| Node::new(site, name)).collect()
}
