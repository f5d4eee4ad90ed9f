//! A bridge of this machine, and for each node a network namespace with a cable to it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::site::{Name, Site};
use crate::process::{administrative, run};

const BRIDGE: &str = "simulay-br";
/// This machine's own address on the bridge.
const OWN: &str = "10.231.7.1/24";
/// Docker's rules forward nothing that they do not know.
const FORWARD: [&str; 7] = ["FORWARD", "-i", BRIDGE, "-o", BRIDGE, "-j", "ACCEPT"];

/// Makes what is missing of it.
pub(super) fn up(site: &Site) -> anyhow::Result<()> {
    if !exists(BRIDGE) {
        ip(&["link", "add", BRIDGE, "type", "bridge"])?;
        ip(&["address", "add", OWN, "dev", BRIDGE])?;
    }
    ip(&["link", "set", BRIDGE, "up"])?;
    if !holds("-C")? {
        rule("-I")?;
    }
    site.names().try_for_each(connect)
}

/// Makes a node's namespace, with one interface in it.
fn connect(name: Name) -> anyhow::Result<()> {
    let (space, cable) = (name.host(), name.cable());
    if !Path::new("/run/netns").join(&space).exists() {
        ip(&["netns", "add", &space])?;
    }
    if !exists(&cable) {
        ip(&["link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &space])?;
        ip(&["-n", &space, "address", "add", &format!("{}/24", name.address()), "dev", "eth0"])?;
    }
    ip(&["link", "set", &cable, "master", BRIDGE, "up"])?;
    ip(&["-n", &space, "link", "set", "lo", "up"])?;
    ip(&["-n", &space, "link", "set", "eth0", "up"])
}

/// Pulls a node's cable, or plugs it in again.
pub(super) fn plug(name: Name, plugged: bool) -> anyhow::Result<()> {
    ip(&["link", "set", &name.cable(), if plugged { "up" } else { "down" }])
}

/// Removes what is there of it.
pub(super) fn down(site: &Site) -> anyhow::Result<()> {
    for name in site.names() {
        if exists(&name.cable()) {
            ip(&["link", "delete", &name.cable()])?;
        }
        if Path::new("/run/netns").join(name.host()).exists() {
            ip(&["netns", "delete", &name.host()])?;
        }
    }
    if holds("-C")? {
        rule("-D")?;
    }
    if exists(BRIDGE) { ip(&["link", "delete", BRIDGE]) } else { Ok(()) }
}

fn exists(interface: &str) -> bool {
    Path::new("/sys/class/net").join(interface).exists()
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    run(administrative("ip")?.args(arguments))
}

fn iptables(verb: &str) -> anyhow::Result<Command> {
    let mut iptables = administrative("iptables")?;
    iptables.arg(verb).args(FORWARD);
    Ok(iptables)
}

/// Whether the rule is there.
fn holds(verb: &str) -> anyhow::Result<bool> {
    Ok(iptables(verb)?.stderr(Stdio::null()).status()?.success())
}

fn rule(verb: &str) -> anyhow::Result<()> {
    run(&mut iptables(verb)?)
}
