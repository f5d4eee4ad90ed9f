//! Threads that are there before a command is, which may take every process its container may have; and before its job,
//! which need not wait for them. They stay: to make one and to end one has each processor look at its memory anew.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What a command takes.
const ENOUGH: usize = 5;

/// For those at work to come back, once their command is over.
const PATIENCE: Duration = Duration::from_secs(1);

/// Work, and the hand that is free again after it.
struct Task {
    work: Box<dyn FnOnce() + Send>,
    hand: Hand,
}

/// A thread that waits for its work; dropped, it is let go of.
pub(crate) struct Hand(SyncSender<Task>);

/// Work that was begun.
pub(crate) struct Done(Receiver<()>);

impl Done {
    /// Waits until it is.
    pub(crate) fn wait(self) {
        // Who does it says so, or is gone.
        let _ = self.0.recv();
    }
}

impl Hand {
    /// Does `work`, and waits for other work.
    pub(crate) fn begin(self, work: impl FnOnce() + Send + 'static) -> Done {
        let (tell, done) = sync_channel(1);
        let told = move || {
            work();
            let _ = tell.send(());
        };
        let tasks = self.0.clone();
        // It waits for nothing else.
        let _ = tasks.send(Task { work: Box::new(told), hand: self });
        Done(done)
    }
}

/// Those that there are. Cheap to clone.
#[derive(Default, Clone)]
pub(crate) struct Hands(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    came_back: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<Hand>,
    hired: usize,
}

impl Hands {
    /// Has as many wait as a command takes, if there may be so many; those at work come back first, so that there are no
    /// more of them for one command than for another.
    pub(crate) fn gather(&self) {
        let some_work = |state: &mut State| state.waiting.len() < state.hired;
        let all = self.0.came_back.wait_timeout_while(self.lock(), PATIENCE, some_work);
        drop(all);
        while self.lock().waiting.len() < ENOUGH {
            let Ok(hand) = self.hire() else { return };
            self.lock().waiting.push(hand);
        }
    }

    /// One that waits, or another.
    pub(crate) fn take(&self) -> io::Result<Hand> {
        let waits = self.lock().waiting.pop();
        waits.map_or_else(|| self.hire(), Ok)
    }

    fn hire(&self) -> io::Result<Hand> {
        let ((tasks, given), others) = (sync_channel::<Task>(1), self.clone());
        // Before the thread, which may end at once.
        self.lock().hired += 1;
        let hired = thread::Builder::new().spawn(move || {
            for Task { work, hand } in given {
                work();
                others.change(|state| state.waiting.push(hand));
            }
            others.change(|state| state.hired -= 1);
        });
        hired.inspect_err(|_| self.change(|state| state.hired -= 1))?;
        Ok(Hand(tasks))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.0.came_back.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_does_one_work_after_the_other() {
        let hands = Hands::default();
        for _ in 0..3 {
            hands.gather();
            let work: Vec<_> = (0..ENOUGH).map(|_| hands.take().unwrap().begin(thread::yield_now)).collect();
            work.into_iter().for_each(Done::wait);
        }
        assert_eq!(hands.lock().hired, ENOUGH);
    }

    #[test]
    fn one_that_gets_no_work_is_let_go_of() {
        let hands = Hands::default();
        hands.gather();
        drop(hands.take().unwrap());
        hands.gather();
        let state = hands.lock();
        assert_eq!((state.hired, state.waiting.len()), (ENOUGH, ENOUGH));
    }

    #[test]
    fn who_finds_none_that_waits_has_another() {
        let hands = Hands::default();
        let (go, gone) = sync_channel::<()>(0);
        let first = hands.take().unwrap().begin(move || gone.recv().unwrap_or_default());
        hands.take().unwrap().begin(|| ()).wait();
        drop(go);
        first.wait();
        hands.gather();
        assert_eq!(hands.lock().waiting.len(), ENOUGH);
    }
}
