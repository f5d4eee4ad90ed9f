//! The runs that this process waits with or works on, each once. One that waits is an entry, and no task: it
//! costs little, and is let go of when its turn is over.
//!
//! # Flow
//! [`WorkQueue::add`] has a run wait in the fair queue; its turn comes by [`Turns`], and [`WorkQueue::begin`]
//! makes it one at work. A run whose end is asked for leaves the queue by [`WorkQueue::end`], without a turn.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use simulay_model::{RunId, UnfinishedRun};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::fair_queue::{Permit, Turn};
use crate::limits::{Flow, Limits};

/// Runs whose turn has come. As many as there are permits: it needs no bound.
pub(super) type Turns = UnboundedReceiver<(Arc<UnfinishedRun>, Permit)>;

/// The runs of this process. Cheap to clone.
#[derive(Clone)]
pub(super) struct WorkQueue {
    runs: Runs,
    limits: Arc<Limits>,
    turns: UnboundedSender<(Arc<UnfinishedRun>, Permit)>,
}

type Runs = Arc<Mutex<HashMap<RunId, State>>>;

enum State {
    /// In the fair queue for as long as this is here.
    Queued(Arc<UnfinishedRun>),
    /// With what ends it.
    AtWork(CancellationToken),
}

impl State {
    const fn is_queued(&self) -> bool {
        matches!(self, Self::Queued(_))
    }
}

/// A run at work; it is over when this is dropped.
pub(super) struct AtWork {
    runs: Runs,
    run: RunId,
    /// Cancelled when someone asks for the end of the run.
    pub(super) stop: CancellationToken,
}

/// A run in the fair queue.
struct QueuedRun {
    run: Weak<UnfinishedRun>,
    turns: UnboundedSender<(Arc<UnfinishedRun>, Permit)>,
}

impl WorkQueue {
    pub(super) fn new(limits: Arc<Limits>) -> (Self, Turns) {
        let (turns, granted) = unbounded_channel();
        (Self { runs: Arc::default(), limits, turns }, granted)
    }

    /// How many runs wait or are at work.
    pub(super) fn len(&self) -> usize {
        self.runs.lock().len()
    }

    /// Queues a run, unless it waits or is at work.
    pub(super) fn add(&self, run: UnfinishedRun) {
        let run = match self.runs.lock().entry(run.id) {
            Entry::Occupied(_) => return,
            Entry::Vacant(vacant) => {
                let run = Arc::new(run);
                vacant.insert(State::Queued(run.clone()));
                run
            }
        };
        let turn = QueuedRun { run: Arc::downgrade(&run), turns: self.turns.clone() };
        self.limits.queue_run(&Flow::from(&*run), Box::new(turn));
    }

    /// The runs that wait.
    pub(super) fn waiting(&self) -> HashSet<RunId> {
        let runs = self.runs.lock();
        runs.iter().filter(|(_, state)| state.is_queued()).map(|(run, _)| *run).collect()
    }

    /// Waits no longer with those of `gone` that are not at work.
    pub(super) fn leave(&self, gone: &HashSet<RunId>) {
        self.runs.lock().retain(|run, state| !(state.is_queued() && gone.contains(run)));
    }

    /// Begins the work on a run whose turn has come; none when it left the queue meanwhile.
    pub(super) fn begin(&self, run: &Arc<UnfinishedRun>) -> Option<AtWork> {
        let mut runs = self.runs.lock();
        let waits = matches!(runs.get(&run.id), Some(State::Queued(queued)) if Arc::ptr_eq(queued, run));
        waits.then(|| self.at_work(&mut runs, run.id))
    }

    /// Begins the work on a run whose end is asked for, whether it waits or not; none when it is at work,
    /// and told.
    pub(super) fn end(&self, run: RunId) -> Option<AtWork> {
        let mut runs = self.runs.lock();
        if let Some(State::AtWork(stop)) = runs.get(&run) {
            stop.cancel();
            return None;
        }
        let at_work = self.at_work(&mut runs, run);
        at_work.stop.cancel();
        Some(at_work)
    }

    /// Tells a run at work that its end is asked for; false when it is not.
    pub(super) fn stop(&self, run: RunId) -> bool {
        let runs = self.runs.lock();
        let Some(State::AtWork(stop)) = runs.get(&run) else { return false };
        stop.cancel();
        true
    }

    fn at_work(&self, runs: &mut HashMap<RunId, State>, run: RunId) -> AtWork {
        let stop = CancellationToken::new();
        runs.insert(run, State::AtWork(stop.clone()));
        AtWork { runs: self.runs.clone(), run, stop }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.runs.lock().remove(&self.run);
    }
}

impl Turn for QueuedRun {
    fn is_unwanted(&self) -> bool {
        self.run.strong_count() == 0 || self.turns.is_closed()
    }

    fn grant(self: Box<Self>, permit: Permit) -> Result<(), Permit> {
        let Some(run) = self.run.upgrade() else { return Err(permit) };
        self.turns.send((run, permit)).map_err(|unheard| unheard.0.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    /// A queue of which one run at a time is at work.
    fn queue() -> (WorkQueue, Turns) {
        WorkQueue::new(Arc::new(Limits::new(&Settings { max_active_runs: 1, ..Settings::default() })))
    }

    fn run() -> UnfinishedRun {
        let (owner, pipeline) = ("ada".parse().unwrap(), "heat".parse().unwrap());
        UnfinishedRun { id: RunId::generate(), owner, pipeline }
    }

    #[test]
    fn a_run_is_queued_once_and_is_at_work_once() {
        let (queue, mut turns) = queue();
        let one = run();
        queue.add(one.clone());
        queue.add(one.clone());
        let (come, permit) = turns.try_recv().unwrap();
        let at_work = queue.begin(&come).unwrap();
        queue.add(one);
        assert!(queue.begin(&come).is_none());
        assert_eq!(queue.len(), 1);
        drop((at_work, permit));
        assert_eq!((queue.len(), queue.limits.taken().0), (0, 0));
        assert!(turns.try_recv().is_err());
    }

    #[test]
    fn a_turn_comes_when_the_run_before_is_over() {
        let (queue, mut turns) = queue();
        let (one, other) = (run(), run());
        queue.add(one.clone());
        queue.add(other.clone());
        let (come, permit) = turns.try_recv().unwrap();
        assert_eq!(*come, one);
        assert!(turns.try_recv().is_err());
        drop(permit);
        assert_eq!(*turns.try_recv().unwrap().0, other);
    }

    #[test]
    fn a_run_whose_end_is_asked_for_leaves_the_queue() {
        let (queue, mut turns) = queue();
        let (one, other, last) = (run(), run(), run());
        for run in [&one, &other, &last] {
            queue.add(run.clone());
        }
        let ended = queue.end(other.id).unwrap();
        assert!(ended.stop.is_cancelled());
        assert!(queue.end(other.id).is_none(), "it is at work");
        drop(turns.try_recv().unwrap());
        assert_eq!(*turns.try_recv().unwrap().0, last, "the turn is for the next");
        drop(ended);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn a_run_whose_end_is_asked_for_when_its_turn_has_come_begins_once() {
        let (queue, mut turns) = queue();
        let one = run();
        queue.add(one.clone());
        let (come, _permit) = turns.try_recv().unwrap();
        let ended = queue.end(one.id);
        assert!(ended.is_some() && queue.begin(&come).is_none());
        drop(ended);
        queue.add(one);
        assert!(queue.begin(&come).is_none(), "the turn was of an earlier wait");
    }

    #[test]
    fn what_waits_may_leave_and_what_is_at_work_stays() {
        let (queue, mut turns) = queue();
        let (one, other, last) = (run(), run(), run());
        for run in [&one, &other, &last] {
            queue.add(run.clone());
        }
        let (granted, permit) = turns.try_recv().unwrap();
        let _at_work = queue.begin(&granted);
        assert_eq!(queue.waiting(), HashSet::from([other.id, last.id]));
        queue.leave(&HashSet::from([one.id, other.id]));
        assert_eq!(queue.len(), 2);
        drop(permit);
        assert_eq!(*turns.try_recv().unwrap().0, last);
    }

    #[test]
    fn only_what_is_at_work_is_stopped() {
        let (queue, mut turns) = queue();
        let one = run();
        assert!(!queue.stop(one.id));
        queue.add(one.clone());
        assert!(!queue.stop(one.id));
        let at_work = queue.begin(&turns.try_recv().unwrap().0).unwrap();
        assert!(queue.stop(one.id) && at_work.stop.is_cancelled());
    }

    #[test]
    fn runs_that_nobody_takes_to_work_are_left() {
        let (queue, turns) = queue();
        // More than could give their permits back one within the other.
        for _ in 0..100_000 {
            queue.add(run());
        }
        assert_eq!(queue.limits.taken().0, 1);
        drop(turns);
        assert_eq!(queue.limits.taken().0, 0);
    }
}
