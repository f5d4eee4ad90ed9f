//! What is taken, by whom, and what is kept for those who have nothing: long work holds its place for
//! long, so that an order alone would let others wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use simulay_containers::Capacity;

use super::bounds::OwnerBounds;
use super::{Path, Waiter};

/// Of what is kept for newcomers, one part in so many is kept for new owners.
const OF_OWNERS: u64 = 4;

/// Places and resources, and who has them.
pub(super) struct Shares {
    permits: usize,
    taken: usize,
    room: Option<Capacity>,
    used: Capacity,
    /// Percent of the permits and of the memory that only newcomers get.
    newcomer_percent: u8,
    /// Permits of each owner, and of each pipeline of an owner.
    at_work: BTreeMap<Path, usize>,
    bounds: OwnerBounds,
}

/// Who has what at work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seniority {
    /// The owner has nothing.
    NewOwner,
    /// The owner has, and the pipeline has nothing.
    NewPipeline,
    /// The pipeline has.
    Settled,
}

impl Shares {
    pub(super) const fn new(permits: usize, newcomer_percent: u8) -> Self {
        let (taken, room, used) = (0, None, Capacity { cpu_milli: 0, memory_mib: 0 });
        Self {
            permits,
            taken,
            room,
            used,
            newcomer_percent,
            at_work: BTreeMap::new(),
            bounds: OwnerBounds::none(),
        }
    }

    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    /// Permits that those below `path` have.
    pub(super) fn taken_by(&self, path: &[Arc<str>]) -> usize {
        self.at_work.get(path).copied().unwrap_or_default()
    }

    /// True when the owner has all it may have.
    pub(super) fn is_at_bound(&self, owner: &Arc<str>) -> bool {
        self.bounds.of(owner).is_some_and(|most| self.taken_by(std::slice::from_ref(owner)) >= most)
    }

    /// Bounds what each owner may have; false when it was so.
    pub(super) fn set_bounds(&mut self, bounds: OwnerBounds) -> bool {
        let changed = self.bounds != bounds;
        self.bounds = bounds;
        changed
    }

    pub(super) fn is_full(&self) -> bool {
        self.taken >= self.permits.max(1)
    }

    /// Bounds what all together may use.
    pub(super) const fn set_room(&mut self, room: Capacity) {
        self.room = Some(room);
    }

    /// What counts of a demand: one that never fits takes all there is.
    pub(super) fn clipped(&self, demand: Capacity) -> Capacity {
        self.room.map_or(demand, |room| demand.min(room))
    }

    pub(super) fn take(&mut self, path: &[Arc<str>], demand: Capacity) {
        self.taken += 1;
        self.used = self.used.plus(demand);
        for group in groups(path) {
            *self.at_work.entry(group).or_default() += 1;
        }
    }

    pub(super) fn give_back(&mut self, path: &[Arc<str>], demand: Capacity) {
        self.taken -= 1;
        self.used = self.used.minus(demand);
        for group in groups(path) {
            let left = self.at_work.get(&group).map_or(0, |count| count - 1);
            if left == 0 {
                self.at_work.remove(&group);
            } else {
                self.at_work.insert(group, left);
            }
        }
    }

    pub(super) fn is_newcomer(&self, waiter: &Waiter) -> bool {
        self.seniority(&waiter.path) != Seniority::Settled
    }

    /// True when there is a place for it, and all it needs, beside what is kept for others.
    pub(super) fn fits(&self, waiter: &Waiter) -> bool {
        let (seniority, demand) = (self.seniority(&waiter.path), self.clipped(waiter.demand));
        if self.taken == 0 {
            return true;
        }
        let free = self.permits.max(1).saturating_sub(self.taken) as u64;
        // Of two permits, none is kept: half would be too much.
        let enough = free > self.kept(self.permits.saturating_sub(2) as u64, seniority);
        enough && self.room.is_none_or(|room| self.used.plus(demand).fits(self.open(room, seniority)))
    }

    /// What of the node is open to someone of this seniority. Processors are shared by the kernel, so
    /// that a newcomer need not wait for one; memory is not.
    fn open(&self, room: Capacity, seniority: Seniority) -> Capacity {
        let kept = Capacity { cpu_milli: 0, memory_mib: self.kept(room.memory_mib, seniority) };
        let open = room.minus(kept);
        if seniority == Seniority::Settled { open } else { Capacity { cpu_milli: u64::MAX, ..open } }
    }

    /// How much of `all` is kept from someone of this seniority.
    fn kept(&self, all: u64, seniority: Seniority) -> u64 {
        let kept = all.saturating_mul(u64::from(self.newcomer_percent)).div_ceil(100);
        match seniority {
            Seniority::NewOwner => 0,
            Seniority::NewPipeline => kept / OF_OWNERS,
            Seniority::Settled => kept,
        }
    }

    fn seniority(&self, path: &[Arc<str>]) -> Seniority {
        let mut groups = groups(path).map(|group| self.at_work.contains_key(&group));
        match (groups.next(), groups.next()) {
            (Some(true), Some(true) | None) => Seniority::Settled,
            (Some(true), Some(false)) => Seniority::NewPipeline,
            (Some(false) | None, _) => Seniority::NewOwner,
        }
    }
}

/// The owner, and the pipeline of the owner.
fn groups(path: &[Arc<str>]) -> impl Iterator<Item = Path> {
    (1..=2).filter_map(|length| path.get(..length)).map(<[_]>::to_vec)
}
