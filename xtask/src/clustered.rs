//! What `cargo xtask cluster` does with a cluster on this machine.

use std::ffi::OsStr;
use std::fs;

use clap::Subcommand;

use crate::cluster::{self, Size, Swarm};
use crate::demo::{self, Client};
use crate::place::Place;
use crate::proof::swarm;

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
    Test(swarm::Arguments),
}

/// Does it.
pub(crate) fn execute(place: &Place, what: &Cluster) -> anyhow::Result<()> {
    match what {
        Cluster::Up(size) => cluster::up(place, *size).map(drop),
        Cluster::Down => cluster::down(),
        Cluster::Demo(size) => demo(place, *size),
        Cluster::Test(arguments) => test(place, arguments),
    }
}

/// The demo of one host, on the cluster.
fn demo(place: &Place, size: Size) -> anyhow::Result<()> {
    let site = cluster::up(place, size)?;
    let token = fs::read_to_string(site.token())?;
    let environment = [
        ("SIMULAY_SERVER", OsStr::new(&site.url()).to_owned()),
        ("SIMULAY_TOKEN", OsStr::new(token.trim()).to_owned()),
        ("SSL_CERT_FILE", site.authority().into_os_string()),
    ];
    demo::show(place, &Client::new(place, environment), &place.made("cluster-demo")?)
}

fn test(place: &Place, arguments: &swarm::Arguments) -> anyhow::Result<()> {
    let site = cluster::up(place, Size { compose: false })?;
    swarm::prove(place, &Swarm::find(place, site)?, arguments)
}
