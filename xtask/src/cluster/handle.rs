//! A cluster that is up, for who uses and who disturbs it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use fastrand::Rng;
use serde_json::Value;

use super::network;
use super::node::Node;
use super::site::Site;
use super::stack::STACK;
use super::swarm;
use crate::place::Place;
use crate::process::{poll, read};
use crate::rest::Host;

/// For the swarm to start what it lost.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// A cluster on a swarm.
pub(crate) struct Swarm {
    site: Site,
    nodes: Vec<Node>,
    instance: String,
}

/// A container of a service.
pub(crate) struct Task {
    node: Node,
    container: String,
}

impl Swarm {
    /// The cluster that is up.
    pub(crate) fn find(place: &Place, site: Site) -> anyhow::Result<Self> {
        let mut show = Command::new(place.simulay());
        show.args(["--json", "cluster", "show"]).arg(site.secrets().join("cluster"));
        let shown: Value = serde_json::from_str(&read(&mut show)?)?;
        let instance =
            shown.pointer("/cluster/id").and_then(Value::as_str).context("the cluster has no id")?.to_owned();
        let nodes = super::nodes(&site);
        Ok(Self { site, nodes, instance })
    }

    /// Whose containers are its own.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// The addresses of all daemons.
    pub(crate) fn daemons(&self) -> Vec<String> {
        self.nodes.iter().map(Node::docker_host).collect()
    }

    /// Ways to it, as the first account: by the nginx of each node.
    pub(crate) fn hosts(&self) -> anyhow::Result<Vec<Host>> {
        self.site.names().map(|name| self.site.host(name)).collect()
    }

    /// A container of a service, on whichever node has one; waits for one that the swarm is putting elsewhere.
    pub(crate) fn task(&self, service: &str, rng: &mut Rng) -> anyhow::Result<Task> {
        let found = poll(ELSEWHERE, || self.look_for(service, rng).transpose());
        found.with_context(|| format!("{service} runs nowhere"))?
    }

    fn look_for(&self, service: &str, rng: &mut Rng) -> anyhow::Result<Option<Task>> {
        let mut nodes = self.nodes.clone();
        rng.shuffle(&mut nodes);
        for node in nodes {
            let filter = format!("label=com.docker.swarm.service.name={}", named(service));
            let listed = read(node.docker().args(["ps", "--quiet", "--no-trunc", "--filter", &filter]))?;
            let containers: Vec<&str> = listed.lines().collect();
            if let Some(container) = rng.choice(containers).map(str::to_owned) {
                return Ok(Some(Task { node, container }));
            }
        }
        Ok(None)
    }

    /// Any node.
    pub(crate) fn any_node(&self, rng: &mut Rng) -> anyhow::Result<&Node> {
        rng.choice(&self.nodes).context("there is no node")
    }

    /// Any node but the one that the records lie on, which is the first.
    pub(crate) fn any_node_without_records(&self, rng: &mut Rng) -> anyhow::Result<&Node> {
        rng.choice(self.nodes.iter().skip(1)).context("there is no such node")
    }

    /// Begins to replace every task of a service by a new one.
    pub(crate) fn renew(&self, service: &str) -> anyhow::Result<()> {
        self.manage(&["service", "update", "--detach", "--force", &named(service)]).map(drop)
    }

    /// True when that is done.
    pub(crate) fn is_renewed(&self, service: &str) -> anyhow::Result<bool> {
        let told = self.manage(&[
            "service",
            "inspect",
            "--format",
            "{{.UpdateStatus.State}} {{.UpdateStatus.Message}}",
            &named(service),
        ])?;
        match told.split_whitespace().next() {
            Some("completed") => Ok(true),
            Some("updating") => Ok(false),
            _ => bail!("{service} is not renewed: {told}"),
        }
    }

    /// Asks for so many tasks of a service.
    pub(crate) fn scale(&self, service: &str, tasks: u32) -> anyhow::Result<()> {
        self.manage(&["service", "scale", "--detach", &format!("{}={tasks}", named(service))]).map(drop)
    }

    /// Has the swarm move all tasks away from a node, or give it some again.
    pub(crate) fn make_available(&self, node: &Node, available: bool) -> anyhow::Result<()> {
        let availability = if available { "active" } else { "drain" };
        self.manage(&["node", "update", "--availability", availability, &node.name().host()]).map(drop)
    }

    /// `docker` on a node that answers for the swarm.
    fn manage(&self, arguments: &[&str]) -> anyhow::Result<String> {
        read(swarm::manager(&self.nodes)?.docker().args(arguments))
    }
}

fn named(service: &str) -> String {
    format!("{STACK}_{service}")
}

impl Task {
    /// Where it runs.
    pub(crate) fn node(&self) -> String {
        self.node.name().host()
    }

    /// Sends its process a signal.
    pub(crate) fn signal(&self, signal: &str) -> anyhow::Result<()> {
        read(self.node.docker().args(["kill", "--signal", signal, &self.container])).map(drop)
    }
}

impl Node {
    /// Pulls its cable, or plugs it in again.
    pub(crate) fn plug(&self, plugged: bool) -> anyhow::Result<()> {
        network::plug(self.name(), plugged)
    }
}
