//! Whose turn it is: places and resources are shared fairly between owners, between the pipelines of
//! an owner, and between the runs of a pipeline, however much each of them asks for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use simulay_containers::Capacity;
use tokio::sync::oneshot;

/// Names from owner to run: who asks.
pub(crate) type Path = Vec<Arc<str>>;

/// Gives turns.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Mutex<State>>);

/// A turn; it ends when this is dropped.
pub(crate) struct Turn {
    turns: Turns,
    demand: Capacity,
}

struct State {
    root: Node,
    /// Whose turn is next, as soon as there is room for it.
    head: Option<Waiter>,
    places: usize,
    taken: usize,
    room: Option<Capacity>,
    used: Capacity,
}

struct Waiter {
    demand: Capacity,
    turn: oneshot::Sender<Turn>,
}

/// Those who share the turns of their parent.
#[derive(Default)]
struct Node {
    /// Turns had. Whoever comes anew begins where the others are.
    served: u64,
    floor: u64,
    children: BTreeMap<Arc<str>, Node>,
    waiting: VecDeque<Waiter>,
}

impl Turns {
    /// At most `places` turns at once.
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            root: Node::default(),
            head: None,
            places,
            taken: 0,
            room: None,
            used: Capacity::default(),
        })))
    }

    /// Bounds what all turns together may use.
    pub(crate) fn set_room(&self, room: Capacity) {
        let mut state = self.lock();
        state.room = Some(room);
        self.give(state);
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, path: Path, demand: Capacity) -> Option<Turn> {
        let (turn, given) = oneshot::channel();
        self.queue(path, Waiter { demand, turn });
        // The sender lives as long as we wait.
        given.await.ok()
    }

    fn queue(&self, path: Path, waiter: Waiter) {
        let mut state = self.lock();
        state.root.push(path.into_iter(), waiter);
        self.give(state);
    }

    /// Turns at work.
    pub(crate) fn taken(&self) -> usize {
        self.lock().taken
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, mut state: MutexGuard<'_, State>) {
        let mut unwanted = Vec::new();
        while let Some(Waiter { demand, turn }) = state.next() {
            let given = Turn { turns: self.clone(), demand };
            unwanted.extend(turn.send(given).err());
        }
        // Their end gives turns as well, and must find the lock free.
        drop(state);
        drop(unwanted);
    }
}

impl State {
    /// Whoever is next and fits. Whoever does not fit holds up the others, lest it never fits.
    fn next(&mut self) -> Option<Waiter> {
        loop {
            let Waiter { demand, turn } = self.head.take().or_else(|| self.root.pop())?;
            if turn.is_closed() {
                continue;
            }
            let demand = self.room.map_or(demand, |room| demand.min(room));
            let used = self.used.plus(demand);
            if self.taken >= self.places.max(1) || self.room.is_some_and(|room| !used.fits(room)) {
                self.head = Some(Waiter { demand, turn });
                return None;
            }
            self.taken += 1;
            self.used = used;
            return Some(Waiter { demand, turn });
        }
    }
}

impl Node {
    fn push(&mut self, mut path: impl Iterator<Item = Arc<str>>, waiter: Waiter) {
        match path.next() {
            None => self.waiting.push_back(waiter),
            Some(name) => {
                let newcomer = Self { served: self.floor, ..Self::default() };
                self.children.entry(name).or_insert(newcomer).push(path, waiter);
            }
        }
    }

    fn pop(&mut self) -> Option<Waiter> {
        if let Some(waiter) = self.waiting.pop_front() {
            return Some(waiter);
        }
        let (name, _) = self.children.iter().min_by_key(|(_, child)| child.served)?;
        let name = name.clone();
        let child = self.children.get_mut(&name)?;
        self.floor = child.served;
        child.served += 1;
        let waiter = child.pop();
        if child.children.is_empty() && child.waiting.is_empty() {
            self.children.remove(&name);
        }
        waiter
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        state.taken -= 1;
        state.used = state.used.minus(self.demand);
        self.turns.give(state);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};

    use super::*;

    const NOTHING: Capacity = Capacity { cpu_milli: 0, memory_mib: 0 };

    fn path(names: &[&str]) -> Path {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    /// In which order those who wait behind `first` get their turns, one at a time.
    async fn order(turns: Turns, first: Turn, asked: Vec<Path>) -> Vec<String> {
        let waiting = asked.into_iter().map(|path| {
            let turns = turns.clone();
            async move {
                let name = path.last().cloned();
                turns.take(path, NOTHING).await.map(|turn| (name, turn))
            }
        });
        let mut waiting: FuturesUnordered<_> = waiting.collect();
        assert!(waiting.next().now_or_never().is_none());
        drop(first);
        let mut order = Vec::new();
        while let Some(Some((name, _turn))) = waiting.next().await {
            order.push(name.unwrap().to_string());
        }
        order
    }

    #[tokio::test]
    async fn a_thousand_of_one_do_not_hold_up_one_of_another() {
        let turns = Turns::new(1);
        let first = turns.take(path(&["o", "large", "r0"]), NOTHING).await.unwrap();
        let mut asked = vec![path(&["o", "large", "r0"]); 1000];
        asked.push(path(&["o", "large", "r1"]));
        asked.push(path(&["o", "small", "r2"]));
        asked.push(path(&["p", "large", "r3"]));
        let order = order(turns, first, asked).await;
        assert_eq!(order.len(), 1003);
        for late in ["r1", "r2", "r3"] {
            let place = order.iter().position(|name| name == late).unwrap();
            assert!(place < 6, "{late} came as number {place}");
        }
    }

    #[tokio::test]
    async fn those_who_stopped_waiting_are_passed_over() {
        let turns = Turns::new(1);
        let first = turns.take(path(&["a"]), NOTHING).await.unwrap();
        let impatient = turns.take(path(&["a"]), NOTHING).now_or_never();
        assert!(impatient.is_none());
        let patient = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(path(&["a"]), NOTHING).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(patient.await.unwrap());
        assert_eq!(turns.taken(), 0);
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_and_what_never_fits_gets_all() {
        let turns = Turns::new(10);
        turns.set_room(Capacity { cpu_milli: 1000, memory_mib: 100 });
        let ask = |memory_mib| turns.take(path(&["a"]), Capacity { cpu_milli: 100, memory_mib });
        let half = ask(60).await.unwrap();
        let mut other = Box::pin(ask(60));
        assert!((&mut other).now_or_never().is_none());
        drop(half);
        let other = other.await.unwrap();
        let mut giant = Box::pin(ask(5000));
        assert!((&mut giant).now_or_never().is_none());
        let mut dwarf = Box::pin(ask(1));
        assert!((&mut dwarf).now_or_never().is_none(), "it would keep the giant from its turn");
        drop(other);
        drop(giant.await.unwrap());
        dwarf.await.unwrap();
    }
}
