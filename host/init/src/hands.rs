//! Threads that are there before a command is, which may take every process its container may have; and before its job,
//! which need not wait for them.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// What a command takes.
const ENOUGH: usize = 5;

type Work = Box<dyn FnOnce() + Send>;

/// A thread that waits for its work.
pub(crate) struct Hand {
    work: SyncSender<Work>,
    done: Receiver<()>,
}

/// Work that was begun.
pub(crate) struct Done(Receiver<()>);

impl Done {
    /// Waits until it is; its thread may be there a moment longer.
    pub(crate) fn wait(self) {
        // Who does it says so, or is gone.
        let _ = self.0.recv();
    }
}

impl Hand {
    fn new() -> io::Result<Self> {
        let ((work, given), (tell, done)) = (sync_channel::<Work>(1), sync_channel(1));
        thread::Builder::new().spawn(move || {
            let _ = given.recv().map(|work| work());
            let _ = tell.send(());
        })?;
        Ok(Self { work, done })
    }

    /// Does `work`, and nothing after it.
    pub(crate) fn begin(self, work: impl FnOnce() + Send + 'static) -> Done {
        // It waits for nothing else.
        let _ = self.work.send(Box::new(work));
        Done(self.done)
    }
}

/// Those that wait.
#[derive(Default)]
pub(crate) struct Hands(Vec<Hand>);

impl Hands {
    /// Has as many wait as a command takes, if there may be so many.
    pub(crate) fn gather(&mut self) {
        while self.0.len() < ENOUGH {
            let Ok(hand) = Hand::new() else { return };
            self.0.push(hand);
        }
    }

    /// One that waits, or another.
    pub(crate) fn take(&mut self) -> io::Result<Hand> {
        self.0.pop().map_or_else(Hand::new, Ok)
    }
}
