//! The runs that this process waits with or works on, each once. One that waits is an entry, and no task: it
//! costs little, and is let go of when its turn is over. Of each flow only so many wait ([`Backlogs`]).
//!
//! # Flow
//! [`WorkQueue::hear`] and [`WorkQueue::look_ended`] have runs wait in the fair queue; the turn of one comes by
//! [`Turns`], and [`WorkQueue::begin`] makes it one at work. A run whose end is asked for leaves the queue by
//! [`WorkQueue::end`], without a turn. [`WorkQueue::runs_low`] tells when to look for more.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use simulay_model::{RunId, UnfinishedRun};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::backlog::Backlogs;
use crate::fair_queue::{Permit, Turn};
use crate::limits::{Flow, Limits};

/// Runs whose turn has come. As many as there are permits: it needs no bound.
pub(super) type Turns = UnboundedReceiver<(Arc<UnfinishedRun>, Permit)>;

/// The runs of this process. Cheap to clone.
#[derive(Clone)]
pub(super) struct WorkQueue {
    runs: Runs,
    /// Told when few wait of a flow that the store has more of.
    low: Arc<Notify>,
    limits: Arc<Limits>,
    turns: UnboundedSender<(Arc<UnfinishedRun>, Permit)>,
}

type Runs = Arc<Mutex<Held>>;

/// What is here.
struct Held {
    states: HashMap<RunId, State>,
    backlogs: Backlogs,
}

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
    /// At most `per_flow` wait of each flow.
    pub(super) fn new(limits: Arc<Limits>, per_flow: usize) -> (Self, Turns) {
        let (turns, granted) = unbounded_channel();
        let held = Held { states: HashMap::new(), backlogs: Backlogs::new(per_flow) };
        (Self { runs: Arc::new(Mutex::new(held)), low: Arc::default(), limits, turns }, granted)
    }

    /// How many runs wait or are at work.
    pub(super) fn len(&self) -> usize {
        self.runs.lock().states.len()
    }

    /// How many runs wait.
    pub(super) fn waiting(&self) -> usize {
        self.runs.lock().states.values().filter(|state| state.is_queued()).count()
    }

    /// The most runs that wait of a flow.
    pub(super) fn per_flow(&self) -> usize {
        self.runs.lock().backlogs.most()
    }

    /// Queues a run that was heard of, unless it is here or as many of its flow wait as may.
    pub(super) fn hear(&self, run: UnfinishedRun) {
        let mut runs = self.runs.lock();
        let admitted = !runs.states.contains_key(&run.id) && runs.backlogs.admits(&run);
        drop(runs);
        if admitted {
            self.add(run);
        }
    }

    /// Queues a run, unless it waits or is at work.
    fn add(&self, run: UnfinishedRun) {
        let run = Arc::new(run);
        let mut runs = self.runs.lock();
        let Entry::Vacant(vacant) = runs.states.entry(run.id) else { return };
        vacant.insert(State::Queued(run.clone()));
        runs.backlogs.come(&run);
        // The fair queue asks back whether the run still waits.
        drop(runs);
        let turn = QueuedRun { run: Arc::downgrade(&run), turns: self.turns.clone() };
        self.limits.queue_run(&Flow::from(&*run), Box::new(turn));
    }

    /// Returns when it is time to look for more runs.
    pub(super) async fn runs_low(&self) {
        self.low.notified().await;
    }

    /// Has [`WorkQueue::runs_low`] return soon.
    pub(super) fn ask_for_more(&self) {
        self.low.notify_one();
    }

    /// The runs that wait as a look begins.
    pub(super) fn look_begins(&self) -> HashSet<RunId> {
        let mut runs = self.runs.lock();
        runs.backlogs.look_begins();
        runs.states.iter().filter(|(_, state)| state.is_queued()).map(|(run, _)| *run).collect()
    }

    /// Queues the runs that a look found, and waits no longer with those that were `waiting` as it began and
    /// that it did not find.
    pub(super) fn look_ended(&self, mut waiting: HashSet<RunId>, found: Vec<UnfinishedRun>) {
        found.iter().for_each(|run| {
            waiting.remove(&run.id);
        });
        waiting.iter().for_each(|gone| self.leave(*gone));
        let more = self.runs.lock().backlogs.look_ended(found.iter());
        if more {
            self.ask_for_more();
        }
        found.into_iter().for_each(|run| self.add(run));
    }

    /// Waits no longer with a run that is not at work here.
    pub(super) fn leave(&self, run: RunId) {
        let mut runs = self.runs.lock();
        if runs.states.get(&run).is_some_and(State::is_queued) {
            let left = runs.states.remove(&run);
            self.gone(&mut runs, left);
        }
    }

    /// Begins the work on a run whose turn has come; none when it left the queue meanwhile.
    pub(super) fn begin(&self, run: &Arc<UnfinishedRun>) -> Option<AtWork> {
        let mut runs = self.runs.lock();
        let waits =
            matches!(runs.states.get(&run.id), Some(State::Queued(queued)) if Arc::ptr_eq(queued, run));
        waits.then(|| self.at_work(&mut runs, run.id))
    }

    /// Begins the work on a run without a turn, whether it waits or not; none when it is at work.
    pub(super) fn begin_at_once(&self, run: RunId) -> Option<AtWork> {
        let mut runs = self.runs.lock();
        let is_at_work = matches!(runs.states.get(&run), Some(State::AtWork(_)));
        (!is_at_work).then(|| self.at_work(&mut runs, run))
    }

    /// Begins the work on a run whose end is asked for, whether it waits or not; none when it is at work,
    /// and told.
    pub(super) fn end(&self, run: RunId) -> Option<AtWork> {
        let mut runs = self.runs.lock();
        if let Some(State::AtWork(stop)) = runs.states.get(&run) {
            stop.cancel();
            return None;
        }
        let at_work = self.at_work(&mut runs, run);
        at_work.stop.cancel();
        Some(at_work)
    }

    fn at_work(&self, runs: &mut Held, run: RunId) -> AtWork {
        let stop = CancellationToken::new();
        let before = runs.states.insert(run, State::AtWork(stop.clone()));
        self.gone(runs, before);
        AtWork { runs: self.runs.clone(), run, stop }
    }

    /// What a run was that waits no longer.
    fn gone(&self, runs: &mut Held, before: Option<State>) {
        if let Some(State::Queued(run)) = before
            && runs.backlogs.go(&run)
        {
            self.ask_for_more();
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.runs.lock().states.remove(&self.run);
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
    use futures_util::FutureExt as _;

    use super::*;
    use crate::Settings;

    const PER_FLOW: usize = 8;

    /// A queue of which one run at a time is at work.
    fn queue() -> (WorkQueue, Turns) {
        let settings = Settings { max_active_runs: 1, ..Settings::default() };
        WorkQueue::new(Arc::new(Limits::new(&settings)), PER_FLOW)
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
    fn what_a_look_does_not_find_leaves_and_what_is_at_work_stays() {
        let (queue, mut turns) = queue();
        let (one, other, last) = (run(), run(), run());
        for run in [&one, &other, &last] {
            queue.add(run.clone());
        }
        let (granted, permit) = turns.try_recv().unwrap();
        let _at_work = queue.begin(&granted);
        let waiting = queue.look_begins();
        assert_eq!(waiting, HashSet::from([other.id, last.id]));
        queue.look_ended(waiting, vec![last.clone()]);
        assert_eq!(queue.len(), 2);
        drop(permit);
        assert_eq!(*turns.try_recv().unwrap().0, last);
    }

    #[test]
    fn few_that_wait_of_many_are_told_once() {
        let (queue, mut turns) = queue();
        for _ in 0..PER_FLOW + 1 {
            queue.hear(run());
        }
        assert_eq!(queue.len(), PER_FLOW);
        assert!(queue.runs_low().now_or_never().is_none());
        while let Ok((run, permit)) = turns.try_recv() {
            drop((queue.begin(&run), permit));
        }
        assert!(queue.runs_low().now_or_never().is_some());
        assert!(queue.runs_low().now_or_never().is_none());
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
