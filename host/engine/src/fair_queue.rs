//! Whose turn it is: places and resources are shared fairly between owners, between the pipelines of
//! an owner, and between the runs of a pipeline, however much each of them asks for and however long it
//! works. An owner may be bounded: who waits of one that has all he may have is out of the others' way.

mod bounds;
mod shares;
mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use simulay_containers::Capacity;
use tokio::sync::oneshot;

pub(crate) use self::bounds::OwnerBounds;
use self::shares::Shares;
pub(crate) use self::turn::Turn;

/// Names from owner to run: who asks.
pub(crate) type Path = Vec<Arc<str>>;

/// Gives out permits by turns.
#[derive(Clone)]
pub(crate) struct FairQueue(Arc<Mutex<State>>);

/// The right to work; given back when it is dropped.
pub(crate) struct Permit {
    fair_queue: FairQueue,
    path: Path,
    demand: Capacity,
}

struct State {
    root: Node,
    /// What waits of owners that have all they may have.
    bounded: BTreeMap<Arc<str>, Node>,
    /// Whose turn is next, as soon as there is room for it.
    head: Option<Waiter>,
    shares: Shares,
}

struct Waiter {
    path: Path,
    demand: Capacity,
    turn: Box<dyn Turn>,
}

/// Those who share the turns of their parent.
#[derive(Default)]
struct Node {
    /// Permits had. Whoever comes anew begins where the others are.
    served: u64,
    floor: u64,
    children: BTreeMap<Arc<str>, Node>,
    waiting: VecDeque<Waiter>,
}

impl FairQueue {
    /// At most `places` permits at once; so many percent only for pipelines that have none.
    pub(crate) fn new(permits: usize, newcomer_percent: u8) -> Self {
        let shares = Shares::new(permits, newcomer_percent);
        Self(Arc::new(Mutex::new(State {
            root: Node::default(),
            bounded: BTreeMap::new(),
            head: None,
            shares,
        })))
    }

    /// Bounds what all at work together may use.
    pub(crate) fn set_room(&self, room: Capacity) {
        let mut state = self.lock();
        state.shares.set_room(room);
        self.give(state);
    }

    /// Bounds what each owner may have at once; whoever has more keeps it.
    pub(crate) fn set_bounds(&self, bounds: OwnerBounds) {
        let mut state = self.lock();
        if state.shares.set_bounds(bounds) {
            state.sort_out();
            self.give(state);
        }
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, path: Path, demand: Capacity) -> Option<Permit> {
        let (turn, given) = oneshot::channel();
        self.queue(path, demand, Box::new(turn));
        // The sender lives as long as we wait.
        given.await.ok()
    }

    /// Takes a permit without a turn, beyond all bounds: for what is at work already, whose end is the only thing
    /// that makes room for others.
    pub(crate) fn take_at_once(&self, path: Path, demand: Capacity) -> Permit {
        let mut state = self.lock();
        let demand = state.take(&path, demand);
        // Whoever was next may be out of the way of others by now.
        self.give(state);
        Permit { fair_queue: self.clone(), path, demand }
    }

    /// Queues what is told when its turn comes.
    pub(crate) fn queue(&self, path: Path, demand: Capacity, turn: Box<dyn Turn>) {
        let mut state = self.lock();
        state.push(Waiter { path, demand, turn });
        self.give(state);
    }

    /// Permits given out.
    pub(crate) fn taken(&self) -> usize {
        self.lock().shares.taken()
    }

    /// Of these, those of one owner.
    pub(crate) fn taken_by(&self, owner: &str) -> usize {
        self.lock().shares.taken_by(&[owner.into()])
    }

    /// Those who wait for a permit and want one still.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.lock();
        let next = state.head.iter().filter(|head| !head.turn.is_unwanted()).count();
        next + state.root.wanted() + state.bounded.values().map(Node::wanted).sum::<usize>()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    fn give(&self, mut state: MutexGuard<'_, State>) {
        let mut unwanted = Vec::new();
        while let Some(Waiter { path, demand, turn }) = state.next() {
            let given = Permit { fair_queue: self.clone(), path, demand };
            unwanted.extend(turn.grant(given).err());
        }
        // Their end gives permits as well, and must find the lock free.
        drop(state);
        drop(unwanted);
    }
}

impl State {
    /// Whoever is next and fits. Whoever does not fit holds up the others, lest it never fits: but for
    /// newcomers, while others of its pipeline are at work.
    fn next(&mut self) -> Option<Waiter> {
        loop {
            let waiter = self.head.take().or_else(|| self.root.pop(&|_| true))?;
            if waiter.turn.is_unwanted() {
                continue;
            }
            if self.shares.fits(&waiter) {
                return Some(self.admit(waiter));
            }
            let gives_way = !self.shares.is_full() && !self.shares.is_newcomer(&waiter);
            self.head = Some(waiter);
            let newcomer = gives_way.then(|| self.newcomer()).flatten()?;
            if !newcomer.turn.is_unwanted() {
                return Some(self.admit(newcomer));
            }
        }
    }

    /// The next of those who have nothing at work, and fit.
    fn newcomer(&mut self) -> Option<Waiter> {
        let shares = &self.shares;
        self.root
            .pop(&|waiter| waiter.turn.is_unwanted() || (shares.is_newcomer(waiter) && shares.fits(waiter)))
    }

    fn admit(&mut self, waiter: Waiter) -> Waiter {
        let demand = self.take(&waiter.path, waiter.demand);
        Waiter { demand, ..waiter }
    }

    /// Counts a permit for so much; gives what of it counts.
    fn take(&mut self, path: &Path, demand: Capacity) -> Capacity {
        let demand = self.shares.clipped(demand);
        self.shares.take(path, demand);
        if let Some(owner) = path.first() {
            self.set_aside(owner);
        }
        demand
    }

    fn push(&mut self, waiter: Waiter) {
        let mut names = waiter.path.clone().into_iter();
        match waiter.path.first().filter(|owner| self.shares.is_at_bound(owner)).cloned() {
            Some(owner) => {
                names.next();
                self.bounded.entry(owner).or_default().push(names, waiter);
            }
            None => self.root.push(names, waiter),
        }
    }
}

/// Owners that have all they may have are no part of the order: they would hold it up, and once they may have more,
/// they would make up for all the turns that passed them by.
impl State {
    /// Sets an owner aside when it has all it may have; whoever of it was next waits with the others again.
    fn set_aside(&mut self, owner: &Arc<str>) {
        if !self.shares.is_at_bound(owner) {
            return;
        }
        let next = self.head.take_if(|head| head.path.first() == Some(owner));
        let mut node = self.root.children.remove(owner).unwrap_or_default();
        if let Some(waiter) = next {
            node.put_back(waiter.path.clone().into_iter().skip(1), waiter);
        }
        if !node.is_empty() {
            self.bounded.insert(owner.clone(), node);
        }
    }

    /// Lets an owner that may have more take part again, where the others are.
    fn let_in(&mut self, owner: &Arc<str>) {
        if self.shares.is_at_bound(owner) {
            return;
        }
        if let Some(mut node) = self.bounded.remove(owner) {
            node.served = node.served.max(self.root.floor);
            self.root.children.insert(owner.clone(), node);
        }
    }

    /// Bounds are others than before.
    fn sort_out(&mut self) {
        let head = self.head.as_ref().and_then(|head| head.path.first());
        let in_order: Vec<_> = self.root.children.keys().chain(head).cloned().collect();
        in_order.iter().for_each(|owner| self.set_aside(owner));
        let aside: Vec<_> = self.bounded.keys().cloned().collect();
        aside.iter().for_each(|owner| self.let_in(owner));
    }
}

impl Node {
    fn push(&mut self, mut path: impl Iterator<Item = Arc<str>>, waiter: Waiter) {
        match path.next() {
            None => self.waiting.push_back(waiter),
            Some(name) => self.child(name).push(path, waiter),
        }
    }

    /// Makes `waiter` the first again, as if its turn had not come.
    fn put_back(&mut self, mut path: impl Iterator<Item = Arc<str>>, waiter: Waiter) {
        let Some(name) = path.next() else { return self.waiting.push_front(waiter) };
        if let Some(child) = self.children.get_mut(&name) {
            child.served = child.served.saturating_sub(1);
        }
        self.child(name).put_back(path, waiter);
    }

    fn child(&mut self, name: Arc<str>) -> &mut Self {
        let newcomer = Self { served: self.floor, ..Self::default() };
        self.children.entry(name).or_insert(newcomer)
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.waiting.is_empty()
    }

    /// How many want a permit still.
    fn wanted(&self) -> usize {
        let own = self.waiting.iter().filter(|waiter| !waiter.turn.is_unwanted()).count();
        own + self.children.values().map(Self::wanted).sum::<usize>()
    }

    /// The first that is wanted, of whoever had the fewest permits.
    fn pop(&mut self, wanted: &impl Fn(&Waiter) -> bool) -> Option<Waiter> {
        if self.waiting.front().is_some_and(wanted) {
            return self.waiting.pop_front();
        }
        let mut order: Vec<_> =
            self.children.iter().map(|(name, child)| (child.served, name.clone())).collect();
        order.sort_unstable();
        let (least, _) = *order.first()?;
        let waiter = order.into_iter().find_map(|(_, name)| self.pop_child(&name, wanted))?;
        self.floor = least;
        Some(waiter)
    }

    fn pop_child(&mut self, name: &Arc<str>, wanted: &impl Fn(&Waiter) -> bool) -> Option<Waiter> {
        let child = self.children.get_mut(name)?;
        let waiter = child.pop(wanted)?;
        child.served += 1;
        if child.is_empty() {
            self.children.remove(name);
        }
        Some(waiter)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.fair_queue.lock();
        state.shares.give_back(&self.path, self.demand);
        if let Some(owner) = self.path.first() {
            state.let_in(owner);
        }
        self.fair_queue.give(state);
    }
}

#[cfg(test)]
mod bound_tests;
#[cfg(test)]
mod tests;
