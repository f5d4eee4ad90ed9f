//! What exists on which node.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use simulay_model::ContainerName;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::Nodes;
use crate::{Capacity, ContainerError, Containers, NodeStatus, RegisteredImage};

/// For a node to remove a container: it bears that Docker is away, for as long as two minutes.
const REMOVAL: Duration = Duration::from_secs(150);

/// What the nodes answered that were asked for their containers.
pub(super) struct Roll {
    pub(super) present: Vec<ContainerName>,
    answering: BTreeSet<String>,
    silent: Vec<String>,
}

/// Asks nodes for what they have, once for all who ask at once: each has an answer that was asked for after it asked.
#[derive(Default)]
pub(super) struct Rolls {
    begun: AtomicU64,
    last: Mutex<Option<(u64, Arc<Roll>)>>,
}

impl Roll {
    pub(super) fn is_empty(&self) -> bool {
        self.answering.is_empty()
    }
}

impl Nodes {
    /// What every node says that it has.
    pub(super) async fn roll(&self) -> Arc<Roll> {
        self.board.looked(self.settings.absence).await;
        let begun = self.rolls.begun.load(Ordering::Relaxed);
        let mut last = self.rolls.last.lock().await;
        if let Some((number, roll)) = &*last
            && *number > begun
        {
            return roll.clone();
        }
        let number = self.rolls.begun.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let roll = Arc::new(self.call_roll().await);
        *last = Some((number, roll.clone()));
        roll
    }

    /// Asks every node for its containers.
    async fn call_roll(&self) -> Roll {
        let nodes = self.board.nodes();
        let lists = nodes.iter().map(|(_, node)| timeout(self.settings.answer, node.list()));
        let mut roll = Roll { present: Vec::new(), answering: BTreeSet::new(), silent: Vec::new() };
        for ((address, _), list) in nodes.iter().zip(join_all(lists).await) {
            if let Ok(Ok(names)) = list {
                self.board.listed(address, &names);
                roll.present.extend(names);
                roll.answering.insert(address.clone());
            } else {
                roll.silent.push(address.clone());
            }
        }
        roll
    }

    /// Those of `names` that exist. Nodes that do not answer are waited for, while anything is missing; a
    /// container on one that stays away is lost.
    pub(super) async fn find_or_wait(
        &self,
        names: &[ContainerName],
    ) -> Result<Vec<ContainerName>, ContainerError> {
        let until = Instant::now() + self.settings.absence;
        loop {
            let roll = self.roll().await;
            let found = self.board.seen(&roll.answering, names);
            let over = Instant::now() >= until;
            if found.len() == names.len() || (roll.silent.is_empty() && !roll.is_empty()) {
                return Ok(found);
            }
            if over && roll.is_empty() {
                return Err(self.board.silence());
            }
            if over {
                let (missing, nodes) = (names.len() - found.len(), roll.silent.join(", "));
                tracing::warn!(nodes, missing, "containers count as lost: nodes that may have them are away");
                return Ok(found);
            }
            sleep(self.settings.refresh).await;
        }
    }

    /// Removes the container wherever it is.
    pub(super) async fn remove_everywhere(
        &self,
        name: ContainerName,
        fence: Option<u64>,
    ) -> Result<(), ContainerError> {
        let nodes = self.board.nodes();
        if nodes.is_empty() {
            return Err(self.board.silence());
        }
        let removed = join_all(nodes.iter().map(|(_, node)| remove(&**node, name, fence))).await;
        removed.into_iter().collect()
    }
}

/// Removes the container from one node, which may never answer.
pub(super) async fn remove(
    node: &dyn Containers,
    name: ContainerName,
    fence: Option<u64>,
) -> Result<(), ContainerError> {
    let silent = |_| ContainerError::Unavailable(format!("{name} was not removed within {REMOVAL:?}"));
    timeout(REMOVAL, node.remove(name, fence)).await.map_err(silent)?
}

/// Nodes as if they were one.
pub(super) fn together(nodes: &[NodeStatus]) -> NodeStatus {
    let sum =
        |part: fn(&NodeStatus) -> Capacity| nodes.iter().map(part).fold(Capacity::default(), Capacity::plus);
    let mut whole = NodeStatus {
        name: format!("{} nodes", nodes.len()),
        capacity: sum(|node| node.capacity),
        reserved: sum(|node| node.reserved),
        unattended: nodes.iter().map(|node| node.unattended).sum(),
        images: images(nodes),
        draining: nodes.iter().all(|node| node.draining),
        nodes: nodes.to_vec(),
        ..NodeStatus::default()
    };
    for (image, count) in nodes.iter().flat_map(|node| &node.warm) {
        *whole.warm.entry(image.clone()).or_default() += count;
    }
    whole
}

/// Every image that a node knows, and who lacks it.
fn images(nodes: &[NodeStatus]) -> Vec<RegisteredImage> {
    let mut images: Vec<RegisteredImage> = Vec::new();
    for image in nodes.iter().flat_map(|node| &node.images) {
        match images.iter_mut().find(|known| known.name == image.name && known.id == image.id) {
            None => images.push(image.clone()),
            Some(known) if !known.present => *known = image.clone(),
            Some(_) => {}
        }
    }
    for image in &mut images {
        let lacking = nodes.iter().filter(|node| !node.has(&image.name, image.id));
        image.lacking = lacking.map(|node| node.name.clone()).collect();
    }
    images.sort_by(|one, other| one.name.cmp(&other.name));
    images
}
