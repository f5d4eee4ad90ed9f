//! Docker Swarm over the nodes.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;

use super::node::Node;
use crate::process::{poll, read, run};
use crate::step::say;

const JOIN: Duration = Duration::from_secs(60);
/// The port by which managers speak.
const PORT: u16 = 2377;
/// Of the first node: what stores lies there.
const LABEL_STORE: &str = "simulay.mongodb=true";
const LABEL_EDGE: &str = "simulay.edge=true";

/// Makes a swarm of nodes that are in none; each becomes a manager, so that any may be lost.
pub(super) fn up(nodes: &[Node]) -> anyhow::Result<()> {
    let (first, others) = nodes.split_first().context("there is no node")?;
    if !is_member(first)? {
        say("the first node begins a swarm");
        init(first)?;
    }
    let token = read(first.docker().args(["swarm", "join-token", "--quiet", "manager"]))?;
    for node in others {
        if !is_member(node)? {
            say(&format!("{} joins", node.name().host()));
            join(first, node, token.trim())?;
        }
    }
    for node in nodes {
        label(first, node, LABEL_EDGE)?;
    }
    label(first, first, LABEL_STORE)
}

/// A node that answers for the swarm.
pub(crate) fn manager(nodes: &[Node]) -> anyhow::Result<&Node> {
    nodes.iter().find(|node| node.answers()).context("no node answers")
}

/// True when a node is in a swarm.
pub(super) fn is_member(node: &Node) -> anyhow::Result<bool> {
    Ok(state(node)? == "active")
}

fn state(node: &Node) -> anyhow::Result<String> {
    let mut info = node.docker();
    Ok(read(info.args(["info", "--format", "{{.Swarm.LocalNodeState}}"]))?.trim().to_owned())
}

fn init(node: &Node) -> anyhow::Result<()> {
    let address = node.name().address();
    let mut init = node.docker();
    init.args(["swarm", "init", "--advertise-addr", &address, "--listen-addr", &format!("{address}:{PORT}")]);
    read(&mut init).map(drop)
}

fn join(first: &Node, node: &Node, token: &str) -> anyhow::Result<()> {
    let address = node.name().address();
    let mut join = node.docker();
    join.args(["swarm", "join", "--token", token, "--advertise-addr", &address]);
    join.args(["--listen-addr", &format!("{address}:{PORT}")]);
    read(join.arg(format!("{}:{PORT}", first.name().address())))?;
    let ready = || id(first, node).ok().map(drop);
    poll(JOIN, ready).with_context(|| format!("{} does not become ready", node.name().host()))
}

/// A node is ready a moment after it joined.
fn id(first: &Node, node: &Node) -> anyhow::Result<String> {
    let name = format!("name={}", node.name().host());
    let mut list = first.docker();
    let listed = read(list.args(["node", "ls", "--filter", &name, "--format", "{{.ID}} {{.Status}}"]))?;
    let id = listed.lines().find_map(|line| line.strip_suffix(" Ready")).context("it is not ready")?;
    Ok(id.to_owned())
}

fn label(first: &Node, node: &Node, label: &str) -> anyhow::Result<()> {
    let mut update = first.docker();
    update.args(["node", "update", "--label-add", label, &id(first, node)?]);
    run(update.stdout(Stdio::null()))
}
