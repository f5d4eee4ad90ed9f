//! The nodes, the calls that have a seat on one, and those that wait.

mod placing;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use simulay_model::ContainerName;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::node::Node;
use super::{Asking, Call};
use crate::nodes::{Discovered, NodesSettings};
use crate::{Capacity, ContainerError, Containers, NodeStatus};

/// Whoever waits longer is told of.
const LONG: Duration = Duration::from_secs(60);

/// The nodes, the calls that have a seat on one, and those that wait.
pub(super) struct State {
    settings: NodesSettings,
    pub(super) nodes: BTreeMap<String, Node>,
    seats: HashMap<ContainerName, Seated>,
    /// By age.
    waiting: Vec<Waiting>,
    next_ticket: u64,
    /// Nodes that may take a call since they were considered last.
    freed: BTreeSet<String>,
    /// When every node was considered for every call last.
    considered: Option<Instant>,
    since: Instant,
    discovered: bool,
    /// Every node that was found at first was asked.
    pub(super) looked: bool,
    pub(super) told_capacity: Capacity,
    /// It was said that calls wait for long.
    complained: bool,
    /// Nodes that were considered for calls, each time.
    #[cfg(test)]
    pub(super) candidates: std::cell::Cell<usize>,
}

/// A call on a node.
struct Seated {
    address: String,
    demand: Capacity,
    /// Those who see to it now.
    attended: u32,
}

struct Waiting {
    ticket: u64,
    /// No node was considered for it yet.
    is_new: bool,
    asking: Asking,
    call: Call,
}

/// What a call that waited gets.
pub(super) struct Outcome {
    pub(super) call: Call,
    pub(super) outcome: Result<Place, ContainerError>,
}

type Place = (ContainerName, String, Arc<dyn Containers>);

impl State {
    pub(super) fn new(settings: NodesSettings) -> Self {
        Self {
            settings,
            nodes: BTreeMap::new(),
            seats: HashMap::new(),
            waiting: Vec::new(),
            next_ticket: 0,
            freed: BTreeSet::new(),
            considered: None,
            since: Instant::now(),
            discovered: false,
            looked: false,
            told_capacity: Capacity::default(),
            complained: false,
            #[cfg(test)]
            candidates: Default::default(),
        }
    }
}

/// Calls that have a seat.
impl State {
    fn seat(&mut self, asking: &Asking, address: &str) -> Option<Place> {
        let node = self.nodes.get_mut(address)?;
        let demand = asking.demand.min(node.status.capacity);
        node.seat((asking.name.run, asking.name.step), demand, &asking.image_name);
        self.seats.insert(asking.name, Seated { address: address.to_owned(), demand, attended: 1 });
        Some((asking.name, address.to_owned(), node.containers.clone()))
    }

    /// The node that has or had the container. One that is back at another address is there, and not where it was.
    pub(super) fn home(&self, name: ContainerName) -> Option<(&String, &Node)> {
        let seated = self.seats.get(&name).and_then(|seated| self.nodes.get_key_value(&seated.address));
        let seen = self.nodes.iter().filter(|(_, node)| node.seen.contains(&name));
        let mut known = seated.into_iter().chain(seen);
        known.clone().find(|(_, node)| node.is_here()).or_else(|| known.next())
    }

    /// Sees to the container, where it is.
    pub(super) fn attend(&mut self, asking: &Asking) -> Option<(String, Arc<dyn Containers>)> {
        let (address, node) = self.home(asking.name)?;
        let (address, containers) = (address.clone(), node.containers.clone());
        match self.seats.get_mut(&asking.name) {
            Some(seated) if seated.address == address => seated.attended += 1,
            _ => {
                self.unseat(asking.name);
                self.seat(asking, &address)?;
            }
        }
        Some((address, containers))
    }

    pub(super) fn leave(&mut self, name: ContainerName) {
        if let Some(seated) = self.seats.get_mut(&name) {
            seated.attended = seated.attended.saturating_sub(1);
        }
    }

    pub(super) fn forget(&mut self, name: ContainerName) {
        for node in self.nodes.values_mut() {
            node.seen.remove(&name);
        }
        self.unseat(name);
    }

    fn unseat(&mut self, name: ContainerName) {
        if let Some(Seated { address, demand, .. }) = self.seats.remove(&name)
            && let Some(node) = self.nodes.get_mut(&address)
        {
            node.unseat((name.run, name.step), demand);
            self.freed.insert(address);
        }
    }
}

/// Nodes.
impl State {
    pub(super) fn discovered(&mut self, found: Vec<Discovered>) -> Vec<(Discovered, Arc<Notify>)> {
        self.discovered = true;
        // What they have is told later; whoever waits hears now for how long.
        self.considered = None;
        let there: HashSet<&str> = found.iter().map(|found| &*found.address).collect();
        let known = self.nodes.keys();
        let gone: Vec<String> = known.filter(|address| !there.contains(&***address)).cloned().collect();
        for address in gone {
            self.left(&address);
        }
        found.into_iter().filter_map(|found| self.found(found)).collect()
    }

    fn found(&mut self, found: Discovered) -> Option<(Discovered, Arc<Notify>)> {
        if let Some(known) = self.nodes.get_mut(&found.address) {
            (known.left, known.containers) = (None, found.containers);
            return None;
        }
        let node = Node::new(&found);
        let nudge = node.nudge.clone();
        self.nodes.insert(found.address.clone(), node);
        Some((found, nudge))
    }

    /// Lets go of a node that nobody finds any more, once nobody sees to its calls and it has not come back.
    fn left(&mut self, address: &str) {
        let Some(node) = self.nodes.get_mut(address) else { return };
        let left = *node.left.get_or_insert_with(Instant::now);
        let of_node = |seated: &Seated| seated.address == address;
        let needed = self.seats.values().any(|seated| of_node(seated) && seated.attended > 0);
        if !needed && left.elapsed() >= self.settings.absence {
            self.seats.retain(|_, seated| !of_node(seated));
            self.nodes.remove(address);
        }
    }

    pub(super) fn told(&mut self, address: &str, status: NodeStatus, ours: Capacity) -> bool {
        let Some(node) = self.nodes.get_mut(address) else { return false };
        let back = node.asked && !node.reachable;
        node.told(status, ours);
        self.freed.insert(address.to_owned());
        back
    }

    pub(super) fn silent(&mut self, address: &str) -> bool {
        let Some(node) = self.nodes.get_mut(address) else { return false };
        let first = node.reachable || !node.asked;
        (node.asked, node.reachable, node.claimed) = (true, false, None);
        first
    }

    pub(super) fn listed(&mut self, address: &str, names: &[ContainerName]) {
        let Some(node) = self.nodes.get_mut(address) else { return };
        node.seen = names.iter().copied().collect();
        let gone = |(name, seated): (&ContainerName, &Seated)| {
            let gone = seated.address == address && seated.attended == 0 && !node.seen.contains(name);
            gone.then_some(*name)
        };
        let gone: Vec<ContainerName> = self.seats.iter().filter_map(gone).collect();
        for name in gone {
            // What other nodes told stays: it may be there.
            self.unseat(name);
        }
    }

    pub(super) fn capacity(&self) -> Capacity {
        let taking = self.nodes.values().filter(|node| node.takes_calls());
        taking.fold(Capacity::default(), |sum, node| sum.plus(node.status.capacity))
    }

    /// What is to be said when calls have waited for long: once, until none does any more.
    pub(super) fn complaint(&mut self, now: Instant) -> Option<String> {
        let oldest = self.waiting.iter().map(|waiting| waiting.asking.since).min()?;
        let long = now.saturating_duration_since(oldest) > LONG;
        let first = long && !self.complained;
        self.complained = long;
        let told = |node: &Node| node.occupancy();
        first.then(|| self.nodes.values().map(told).collect::<Vec<_>>().join("; "))
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn silence(&self) -> ContainerError {
        let silent = self.nodes.values().filter(|node| !node.is_here());
        let names: Vec<&str> = silent.map(|node| node.status.name.as_str()).collect();
        ContainerError::Unavailable(match names.as_slice() {
            [] => "there is no node".to_owned(),
            names => format!("no answer from {}", names.join(", ")),
        })
    }
}
