//! What is known of the nodes, and the calls that wait for one. Everything here is at once.

mod node;
mod state;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use simulay_model::ContainerName;
use tokio::sync::{Notify, SetOnce, oneshot, watch};
use tokio::time::{Instant, timeout};

use self::state::{Outcome, State};
use super::{Discovered, NodesSettings, Seat};
use crate::{Capacity, ContainerError, Containers, ImageId, NodeStatus};

/// A call that asks for a node.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) name: ContainerName,
    pub(super) demand: Capacity,
    pub(super) image_name: String,
    pub(super) image: ImageId,
    pub(super) since: Instant,
}

/// Who gets a seat, or hears why not.
type Call = oneshot::Sender<Result<Seat, ContainerError>>;

/// What is known of the nodes, and the calls that wait for one.
pub(super) struct Board {
    state: Mutex<State>,
    looked: SetOnce<()>,
    capacity: watch::Sender<Capacity>,
}

/// Calls.
impl Board {
    pub(super) fn new(settings: NodesSettings) -> Self {
        let (looked, capacity) = Default::default();
        Self { state: Mutex::new(State::new(settings)), looked, capacity }
    }

    /// Waits for a node that has the image and room.
    pub(super) async fn wait_for_seat(self: &Arc<Self>, asking: &Asking) -> Result<Seat, ContainerError> {
        let (call, seat) = oneshot::channel();
        self.change(|state| state.queue(asking.clone(), call));
        // Nobody drops a call that is not answered.
        seat.await.unwrap_or(Err(ContainerError::Closed))
    }

    /// The seat of a container where it is, as far as is known.
    pub(super) fn seat_at_home(self: &Arc<Self>, asking: &Asking) -> Option<Seat> {
        let (address, node) = self.state.lock().attend(asking)?;
        Some(Seat { board: self.clone(), name: asking.name, address, node, taken: true })
    }

    /// How many calls wait for a node.
    pub(super) fn waiting(&self) -> usize {
        self.state.lock().waiting()
    }

    /// True when the container is on a node that answers.
    pub(super) fn is_at_home(&self, name: ContainerName) -> bool {
        self.state.lock().home(name).is_some_and(|(_, node)| node.reachable)
    }

    /// The node that has or had the container, as far as is known.
    pub(super) fn home(&self, name: ContainerName) -> Option<Arc<dyn Containers>> {
        self.state.lock().home(name).map(|(_, node)| node.containers.clone())
    }

    /// Nobody sees to the container for now; it may be there.
    pub(super) fn leave(&self, name: ContainerName) {
        self.state.lock().leave(name);
    }

    /// There is no such container any more.
    pub(super) fn forget(self: &Arc<Self>, name: ContainerName) {
        self.change(|state| state.forget(name));
    }

    /// Changes what is known, and gives seats to those who can have one by now.
    fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let (changed, outcomes) = {
            let mut state = self.state.lock();
            let changed = change(&mut state);
            (changed, state.call(Instant::now()))
        };
        // Not under the lock: a seat that nobody waits for any more comes back at once.
        for Outcome { call, outcome } in outcomes {
            let _ = call.send(outcome.map(|(name, address, node)| Seat {
                board: self.clone(),
                name,
                address,
                node,
                taken: false,
            }));
        }
        changed
    }
}

/// Nodes.
impl Board {
    /// Learns which nodes there are. Gives those that are new, for someone to watch.
    pub(super) fn discovered(self: &Arc<Self>, found: Vec<Discovered>) -> Vec<(Discovered, Arc<Notify>)> {
        let new = self.change(|state| state.discovered(found));
        self.is_changed();
        self.complain();
        new
    }

    /// Gives up on calls that have waited for long enough.
    pub(super) fn tick(self: &Arc<Self>) {
        self.change(|_| ());
        self.complain();
    }

    /// Tells the operator that calls wait for long, and why.
    fn complain(&self) {
        let mut state = self.state.lock();
        if let Some(nodes) = state.complaint(Instant::now()) {
            tracing::warn!(
                waiting = state.waiting(),
                nodes,
                "calls have waited for a node for over a minute"
            );
        }
    }

    /// True while the node is one.
    pub(super) fn knows(&self, address: &str) -> bool {
        self.state.lock().nodes.contains_key(address)
    }

    /// What of the node our calls have.
    pub(super) fn ours(&self, address: &str) -> Capacity {
        self.state.lock().nodes.get(address).map(|node| node.ours).unwrap_or_default()
    }

    /// The node told how it is; when it was asked, our calls had so much of it. True when it was silent before.
    pub(super) fn told(self: &Arc<Self>, address: &str, status: NodeStatus, ours: Capacity) -> bool {
        let back = self.change(|state| state.told(address, status, ours));
        self.is_changed();
        back
    }

    /// The node does not answer. True when it did before.
    pub(super) fn silent(self: &Arc<Self>, address: &str) -> bool {
        let first = self.change(|state| state.silent(address));
        self.is_changed();
        first
    }

    /// The node told what it has.
    pub(super) fn listed(&self, address: &str, names: &[ContainerName]) {
        self.state.lock().listed(address, names);
    }

    /// The node refused a call: it gets no other before it told how it is.
    pub(super) fn refuse(&self, address: &str) {
        if let Some(node) = self.state.lock().nodes.get_mut(address) {
            node.refused = true;
            node.nudge.notify_one();
        }
    }

    /// The node has the image no more, until it tells otherwise.
    pub(super) fn lacks(&self, address: &str, image: &str) {
        if let Some(node) = self.state.lock().nodes.get_mut(address) {
            node.status.images.retain(|found| found.name != image);
        }
    }

    fn is_changed(&self) {
        let state = self.state.lock();
        if state.looked {
            // Once is enough.
            let _ = self.looked.set(());
        }
        let capacity = state.capacity();
        self.capacity.send_if_modified(|known| std::mem::replace(known, capacity) != capacity);
    }
}

/// What is told.
impl Board {
    /// Every node, by its address.
    pub(super) fn nodes(&self) -> Vec<(String, Arc<dyn Containers>)> {
        let state = self.state.lock();
        state.nodes.iter().map(|(address, node)| (address.clone(), node.containers.clone())).collect()
    }

    /// Those that answer, as they told it last.
    pub(super) fn statuses(&self) -> Vec<NodeStatus> {
        let state = self.state.lock();
        state.nodes.values().filter(|node| node.is_here()).map(|node| node.status.clone()).collect()
    }

    /// The names of the containers on the nodes `answering`.
    pub(super) fn seen(&self, answering: &BTreeSet<String>, names: &[ContainerName]) -> Vec<ContainerName> {
        let state = self.state.lock();
        let there = |name: &&ContainerName| {
            state.home(**name).is_some_and(|(address, _)| answering.contains(address))
        };
        names.iter().filter(there).copied().collect()
    }

    /// Returns once every node was looked at, or after `time`.
    pub(super) async fn looked(&self, time: Duration) {
        let _ = timeout(time, self.looked.wait()).await;
    }

    /// What nodes that answer have, and take calls for.
    pub(super) fn tell_capacity(&self) -> Capacity {
        let mut state = self.state.lock();
        let capacity = state.capacity();
        state.told_capacity = capacity;
        capacity
    }

    /// Returns once it is another than was told.
    pub(super) async fn capacity_changed(&self) {
        let told = self.state.lock().told_capacity;
        // The sender lives as long as we do.
        let _ = self.capacity.subscribe().wait_for(|capacity| *capacity != told).await;
    }

    /// How many nodes were considered for calls, each time.
    #[cfg(test)]
    pub(super) fn candidates(&self) -> usize {
        self.state.lock().candidates.get()
    }

    /// Why nothing can be asked of anybody.
    pub(super) fn silence(&self) -> ContainerError {
        self.state.lock().silence()
    }
}
