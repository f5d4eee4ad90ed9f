//! The nodes, the calls that have a seat on one, and those that wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use simulay_model::ContainerName;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::node::Node;
use super::{Asking, Call};
use crate::nodes::{Candidate, Choice, Discovered, Need, NodesSettings, choose};
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
    since: Instant,
    discovered: bool,
    /// Every node that was found at first was asked.
    pub(super) looked: bool,
    pub(super) told_capacity: Capacity,
    /// It was said that calls wait for long.
    complained: bool,
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
            since: Instant::now(),
            discovered: false,
            looked: false,
            told_capacity: Capacity::default(),
            complained: false,
        }
    }

    pub(super) fn queue(&mut self, asking: Asking, call: Call) {
        self.waiting.push(Waiting { ticket: self.next_ticket, asking, call });
        self.next_ticket += 1;
    }

    /// Answers the calls that can be answered by now, oldest first. Not before all nodes were asked: the first
    /// one to answer would get them all.
    pub(super) fn call(&mut self, now: Instant) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        self.looked |= self.discovered && self.nodes.values().all(|node| node.asked);
        // Nobody waits for ever for who tells which nodes there are.
        let untold = !self.discovered && now.saturating_duration_since(self.since) >= self.settings.absence;
        if !self.looked && !untold {
            return outcomes;
        }
        for waiting in std::mem::take(&mut self.waiting) {
            let outcome = if waiting.call.is_closed() { None } else { self.place(&waiting, now) };
            match outcome {
                None if !waiting.call.is_closed() => self.waiting.push(waiting),
                outcome => {
                    self.unclaim(waiting.ticket);
                    outcomes.extend(outcome.map(|outcome| Outcome { call: waiting.call, outcome }));
                }
            }
        }
        outcomes
    }

    /// A seat for the call, or why there is none; nothing when it goes on waiting.
    fn place(&mut self, waiting: &Waiting, now: Instant) -> Option<Result<Place, ContainerError>> {
        let Waiting { ticket, asking, .. } = waiting;
        let waited = now.saturating_duration_since(asking.since);
        let step = (asking.name.run, asking.name.step);
        let need = Need { demand: asking.demand, image_name: &asking.image_name, image: asking.image };
        let candidates: Vec<Candidate<'_>> =
            self.nodes.values().map(|node| node.candidate(*ticket, step)).collect();
        match choose(need, &candidates) {
            Choice::Node(index) => {
                let address = self.nodes.keys().nth(index)?.clone();
                return self.seat(asking, &address).map(Ok);
            }
            Choice::NoRoom if waited >= self.settings.room => {
                return Some(Err(ContainerError::NoRoom(self.fullness(asking, waited))));
            }
            Choice::NoRoom if waited >= self.settings.patience => self.claim(*ticket, asking),
            Choice::ImageMissing(nodes) => {
                let (image, id) = (asking.image_name.clone(), asking.image.to_string());
                return Some(Err(ContainerError::ImageUnavailable { image, id, nodes }));
            }
            Choice::Silent(_) if waited >= self.settings.absence && !self.discovered => {
                let message = "nobody could tell yet which nodes there are";
                return Some(Err(ContainerError::NoRoom(message.to_owned())));
            }
            Choice::Silent(_) if waited >= self.settings.absence && self.is_silent_for_long(now) => {
                return Some(Err(self.silence()));
            }
            Choice::NoRoom | Choice::Silent(_) => {}
        }
        None
    }

    /// A node that missed one answer is waited for.
    fn is_silent_for_long(&self, now: Instant) -> bool {
        self.nodes.values().all(|node| node.is_here() || node.silence(now) >= self.settings.absence)
    }

    fn fullness(&self, asking: &Asking, waited: Duration) -> String {
        let has = self.nodes.values().filter(|node| node.status.has(&asking.image_name, asking.image));
        let told = |node: &Node| {
            let why = if node.takes_calls() { "full" } else { "takes no calls" };
            format!("{} ({why})", node.status.name)
        };
        let nodes: Vec<String> = has.map(told).collect();
        format!("none within {} s on the nodes that have its image: {}", waited.as_secs(), nodes.join(", "))
    }

    fn seat(&mut self, asking: &Asking, address: &str) -> Option<Place> {
        let node = self.nodes.get_mut(address)?;
        let demand = asking.demand.min(node.status.capacity);
        node.seat((asking.name.run, asking.name.step), demand, &asking.image_name);
        self.seats.insert(asking.name, Seated { address: address.to_owned(), demand, attended: 1 });
        Some((asking.name, address.to_owned(), node.containers.clone()))
    }

    /// Keeps the next room of a node for a call that others have overtaken for long.
    fn claim(&mut self, ticket: u64, asking: &Asking) {
        let has = |node: &Node| node.takes_calls() && node.status.has(&asking.image_name, asking.image);
        if self.nodes.values().any(|node| node.claimed == Some(ticket) && has(node)) {
            return;
        }
        self.unclaim(ticket);
        let free = self.nodes.values_mut().filter(|node| node.claimed.is_none() && has(node));
        let least = free.min_by_key(|node| node.load().share_of(node.status.capacity));
        if let Some(node) = least {
            node.claimed = Some(ticket);
        }
    }

    fn unclaim(&mut self, ticket: u64) {
        for node in self.nodes.values_mut().filter(|node| node.claimed == Some(ticket)) {
            node.claimed = None;
        }
    }
}

/// Calls that have a seat.
impl State {
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
        }
    }
}

/// Nodes.
impl State {
    pub(super) fn discovered(&mut self, found: Vec<Discovered>) -> Vec<(Discovered, Arc<Notify>)> {
        self.discovered = true;
        let mut gone: Vec<String> = self.nodes.keys().cloned().collect();
        gone.retain(|address| !found.iter().any(|found| found.address == *address));
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
