//! What is known of one node.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use simulay_model::{ContainerName, RunId};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::nodes::{Candidate, Discovered};
use crate::{Capacity, Containers, NodeStatus};

/// A step of a run.
pub(super) type StepOfRun = (RunId, u32);

/// What is known of one node.
pub(super) struct Node {
    pub(super) containers: Arc<dyn Containers>,
    /// What it said of itself last.
    pub(super) status: NodeStatus,
    /// It was asked once.
    pub(super) asked: bool,
    /// It answered when it was asked last.
    pub(super) reachable: bool,
    /// When it was found, or answered last.
    heard: Instant,
    /// Since when nobody finds it any more.
    pub(super) left: Option<Instant>,
    /// What the calls of others have of it.
    others: Capacity,
    /// What our calls have of it.
    pub(super) ours: Capacity,
    /// It refused a call since it told how it is.
    pub(super) refused: bool,
    /// The call that has its next room.
    pub(super) claimed: Option<u64>,
    /// The containers that it had when it was asked for them last.
    pub(super) seen: BTreeSet<ContainerName>,
    steps: HashMap<StepOfRun, usize>,
    /// Has it looked at soon.
    pub(super) nudge: Arc<Notify>,
}

impl Node {
    pub(super) fn new(found: &Discovered) -> Self {
        Self {
            containers: found.containers.clone(),
            status: NodeStatus { name: found.address.clone(), ..NodeStatus::default() },
            asked: false,
            reachable: false,
            heard: Instant::now(),
            left: None,
            others: Capacity::default(),
            ours: Capacity::default(),
            refused: false,
            claimed: None,
            seen: BTreeSet::new(),
            steps: HashMap::new(),
            nudge: Arc::default(),
        }
    }

    /// It answers, and is found.
    pub(super) const fn is_here(&self) -> bool {
        self.reachable && self.left.is_none()
    }

    /// For how long nothing was heard of it.
    pub(super) fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.heard)
    }

    pub(super) const fn takes_calls(&self) -> bool {
        self.is_here() && !self.status.draining
    }

    /// How it looks to the call with this ticket.
    pub(super) fn candidate(&self, ticket: u64, step: StepOfRun) -> Candidate<'_> {
        Candidate {
            status: &self.status,
            load: self.load(),
            siblings: self.steps.get(&step).copied().unwrap_or_default(),
            reachable: self.is_here(),
            open: !self.refused && self.claimed.is_none_or(|claimed| claimed == ticket),
        }
    }

    /// How full it is, in words.
    pub(super) fn occupancy(&self) -> String {
        let NodeStatus { name, capacity, unattended, draining, .. } = &self.status;
        let Capacity { cpu_milli, memory_mib } = self.load();
        let state = match (self.is_here(), draining) {
            (false, _) => ", away",
            (true, true) => ", draining",
            (true, false) => "",
        };
        format!(
            "{name}: {cpu_milli} of {} milli-cores, {memory_mib} of {} MiB, {unattended} unattended{state}",
            capacity.cpu_milli, capacity.memory_mib,
        )
    }

    pub(super) const fn load(&self) -> Capacity {
        self.others.plus(self.ours)
    }

    /// Takes in what it says of itself; `ours` is what our calls had when it was asked.
    pub(super) fn told(&mut self, status: NodeStatus, ours: Capacity) {
        self.others = status.reserved.minus(ours);
        self.status = status;
        (self.asked, self.reachable, self.refused) = (true, true, false);
        self.heard = Instant::now();
    }

    /// Gives a call its part.
    pub(super) fn seat(&mut self, step: StepOfRun, demand: Capacity, image: &str) {
        self.ours = self.ours.plus(demand);
        *self.steps.entry(step).or_default() += 1;
        if let Some(warm) = self.status.warm.get_mut(image) {
            *warm = warm.saturating_sub(1);
        }
    }

    /// Takes it back.
    pub(super) fn unseat(&mut self, step: StepOfRun, demand: Capacity) {
        self.ours = self.ours.minus(demand);
        if let Some(count) = self.steps.get_mut(&step) {
            *count = count.saturating_sub(1);
        }
        self.steps.retain(|_, count| *count > 0);
    }
}
