//! A cluster on this machine: daemons of Docker with networks of their own stand for machines, and the files of
//! `deploy` are what runs on them.

mod certificates;
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

use std::ffi::OsStr;
use std::fs;

use clap::{Args, Subcommand};

pub(crate) use self::handle::Swarm;
use self::images::Images;
use self::node::Node;
use self::site::Site;
use crate::build;
use crate::demo::{self, Client};
use crate::place::Place;
use crate::proof::swarm as swarm_proof;
use crate::step::{say, step};

/// What to do with the cluster.
#[derive(Debug, Subcommand)]
pub(crate) enum Cluster {
    /// Brings it up; what is there already is left as it is.
    Up(Size),
    /// Takes it away with all it has stored.
    Down,
    /// Brings it up, and shows a simulation on it from upload to plots, by way of nginx.
    Demo(Size),
    /// Brings it up, kills its parts while it works, and looks whether anything was lost or doubled.
    Test(swarm_proof::Arguments),
}

/// How much of it.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Size {
    /// On one node, by `docker compose`, instead of three by Docker Swarm.
    #[arg(long)]
    compose: bool,
}

/// Does it.
pub(crate) fn execute(place: &Place, what: &Cluster) -> anyhow::Result<()> {
    site::need_root()?;
    match what {
        Cluster::Up(size) => up(place, *size).map(drop),
        Cluster::Down => down(),
        Cluster::Demo(size) => demo(place, *size),
        Cluster::Test(arguments) => test(place, arguments),
    }
}

/// Nodes, images on each, and the services over them.
fn up(place: &Place, size: Size) -> anyhow::Result<Site> {
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

/// The demo of one host, on the cluster.
fn demo(place: &Place, size: Size) -> anyhow::Result<()> {
    let site = up(place, size)?;
    build::plugins(place)?;
    let token = fs::read_to_string(site.token())?;
    let environment = [
        ("SIMULAY_SERVER", OsStr::new(&site.url()).to_owned()),
        ("SIMULAY_TOKEN", OsStr::new(token.trim()).to_owned()),
        ("SSL_CERT_FILE", site.authority().into_os_string()),
    ];
    demo::show(place, &Client::new(place, environment), &place.made("cluster-demo")?)
}

fn test(place: &Place, arguments: &swarm_proof::Arguments) -> anyhow::Result<()> {
    let site = up(place, Size { compose: false })?;
    build::plugins(place)?;
    swarm_proof::prove(place, &Swarm::find(place, site)?, arguments)
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
