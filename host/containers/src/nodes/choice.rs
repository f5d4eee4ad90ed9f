//! On which node a call begins. Pure: it goes by what is known of the nodes.

use std::cmp::Reverse;

use crate::{Capacity, ImageId, NodeStatus};

/// What a call needs of a node.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// What the node gives for it. More than the node has is all that it has.
    pub demand: Capacity,
    /// Logical name of its image.
    pub image_name: &'a str,
    /// The image.
    pub image: ImageId,
}

/// A node that may get the call.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// What it said of itself last.
    pub status: &'a NodeStatus,
    /// What of it is taken, with the calls that were placed on it since.
    pub load: Capacity,
    /// Calls of the same step that are there.
    pub siblings: usize,
    /// It answers.
    pub reachable: bool,
    /// It may be asked: it refused no call since, and nobody waits for it to become free.
    pub open: bool,
}

/// Where a call goes, or why nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// To this one of the candidates.
    Node(usize),
    /// To none yet: those that have its image have no room.
    NoRoom,
    /// To none yet: these nodes do not answer, and the others lack the image.
    Silent(Vec<String>),
    /// To none: these nodes answer, and all of them lack the image.
    ImageMissing(Vec<String>),
}

/// Chooses for the call that needs `need`: of the nodes that have the image and room one with a warm container,
/// then the least loaded for its size, then the one with the fewest calls of the same step, then by name.
#[must_use]
pub fn choose(need: Need<'_>, nodes: &[Candidate<'_>]) -> Choice {
    let has = |node: &&Candidate<'_>| node.status.has(need.image_name, need.image);
    let free = |node: &&Candidate<'_>| node.reachable && node.open && node.fits(need.demand);
    let able = nodes.iter().enumerate().filter(|(_, node)| has(node) && free(node));
    if let Some((best, _)) = able.min_by_key(|(_, node)| node.rank(need)) {
        return Choice::Node(best);
    }
    if nodes.iter().filter(has).any(|node| node.reachable) {
        return Choice::NoRoom;
    }
    let name = |node: &Candidate<'_>| node.status.name.clone();
    let silent: Vec<_> = nodes.iter().filter(|node| !node.reachable).map(name).collect();
    match nodes.iter().filter(has).count() {
        0 if silent.len() < nodes.len() => {
            Choice::ImageMissing(nodes.iter().filter(|node| node.reachable).map(name).collect())
        }
        _ => Choice::Silent(silent),
    }
}

impl Candidate<'_> {
    fn fits(&self, demand: Capacity) -> bool {
        let Self { status, load, .. } = self;
        !status.draining && demand.min(status.capacity).fits(status.capacity.minus(*load))
    }

    fn rank(&self, need: Need<'_>) -> (Reverse<bool>, u64, usize, &str) {
        let warm = self.status.warm.get(need.image_name).is_some_and(|count| *count > 0);
        let loaded = self.load.plus(need.demand).share_of(self.status.capacity);
        (Reverse(warm), loaded, self.siblings, &self.status.name)
    }
}

#[cfg(test)]
mod tests;
