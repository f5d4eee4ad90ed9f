//! What is known of the job, shared by the threads that find it out and the one that tells it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use simulay_init::frames::{Exit, Phase, Rejection};

use crate::held::Held;
use crate::user::User;

/// A host that said hello.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// The host's number.
    pub(crate) number: u64,
    /// How many came before: numbers may repeat, places do not.
    pub(crate) place: u64,
}

/// A file to hand back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// Relative, checked.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Whose it is.
    pub(crate) user: User,
}

/// A file that was asked for and is not handed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Omission {
    /// Relative; what is no UTF-8 is replaced.
    pub(crate) path: String,
    /// Why, in words.
    pub(crate) reason: String,
}

/// What the command left.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Harvest {
    /// By path.
    pub(crate) outputs: Vec<Output>,
    /// By path.
    pub(crate) left_out: Vec<Omission>,
    /// How many more were left out.
    pub(crate) left_out_more: u64,
}

/// What the host is told, as far as it is known.
pub(crate) struct Facts {
    pub(crate) session: Option<Session>,
    pub(crate) phase: Phase,
    /// Whether a command waits for its job, once that is known.
    pub(crate) booted: Option<bool>,
    /// Whose the job is, once it is to be run.
    pub(crate) attempt: Option<String>,
    pub(crate) started: bool,
    pub(crate) stdout: Held,
    pub(crate) stderr: Held,
    pub(crate) exit: Option<Exit>,
    /// The last word: what the command left, or why it never ran.
    pub(crate) result: Option<Result<Arc<Harvest>, Rejection>>,
    /// When something was told last.
    pub(crate) told: Option<Instant>,
}

/// The facts, under a lock, with a bell that rings at each change.
pub(crate) struct Record {
    facts: Mutex<Facts>,
    changed: Condvar,
}

impl Facts {
    /// Of no job.
    fn new(session: Option<Session>, booted: Option<bool>) -> Self {
        Self {
            session,
            phase: Phase::Idle,
            booted,
            attempt: None,
            started: false,
            stdout: Held::default(),
            stderr: Held::default(),
            exit: None,
            result: None,
            told: None,
        }
    }
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { facts: Mutex::new(Facts::new(None, None)), changed: Condvar::new() }
    }

    /// Changes the facts.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Facts) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    /// Waits until `look` finds something.
    pub(crate) fn wait_for<T>(&self, mut look: impl FnMut(&Facts) -> Option<T>) -> T {
        let mut facts = self.lock();
        loop {
            if let Some(found) = look(&facts) {
                return found;
            }
            facts = self.changed.wait(facts).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same, until `due`.
    pub(crate) fn wait_until<T>(&self, due: Instant, mut look: impl FnMut(&Facts) -> Option<T>) -> Option<T> {
        let mut facts = self.lock();
        loop {
            if let Some(found) = look(&facts) {
                return Some(found);
            }
            let left = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            facts = self.changed.wait_timeout(facts, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The host that said hello last.
    pub(crate) fn session(&self) -> Option<Session> {
        self.lock().session
    }

    /// Whether a command waits for its job, once that is known.
    pub(crate) fn booted(&self) -> Option<bool> {
        self.lock().booted
    }

    /// Something was told just now. No bell: nobody waits for it.
    pub(crate) fn note_telling(&self) {
        self.lock().told = Some(Instant::now());
    }

    /// When something was told last.
    pub(crate) fn last_telling(&self) -> Option<Instant> {
        self.lock().told
    }

    /// A host is here: everything is told from the start.
    pub(crate) fn greet(&self, number: u64) {
        self.change(|facts| {
            let place = facts.session.map_or(0, |before| before.place + 1);
            facts.session = Some(Session { number, place });
        });
    }

    /// Knows of no job any more, as the host is told; false, and nothing else, when this one is not over.
    pub(crate) fn begin_anew(&self) -> bool {
        self.change(|facts| {
            let is_over = facts.result.is_some();
            if is_over {
                let session =
                    facts.session.map(|Session { number, place }| Session { number, place: place + 1 });
                *facts = Facts::new(session, facts.booted);
            }
            is_over
        })
    }

    /// The job is of `attempt`, as hosts are told.
    pub(crate) fn serve(&self, attempt: &str) {
        self.change(|facts| facts.attempt = Some(attempt.to_owned()));
    }

    /// The job is nobody's any more, as hosts are told that come later.
    pub(crate) fn let_go(&self) {
        self.change(|facts| *facts = Facts::new(facts.session, None));
    }

    /// The last word on the job.
    pub(crate) fn finish(&self, result: Result<Harvest, Rejection>) {
        let result = result.map(Arc::new);
        self.change(|facts| {
            facts.phase = Phase::Ended;
            facts.result = Some(result);
        });
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
