//! The command's processes: signals for all of them, and their ends.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use rustix::process::{WaitOptions, WaitStatus, wait};

use crate::process::{self, Process, is_first_of_all, listed, parent_of, processes};
use crate::sleeper::Sleeper;
use crate::user::User;

/// Between the first two looks whether what was killed is gone.
const PAUSE: Duration = Duration::from_micros(50);
/// Between later ones.
const LONGEST_PAUSE: Duration = Duration::from_millis(2);
/// For those that end to give back what they had.
const PATIENCE: Duration = Duration::from_secs(30);
/// Signals that wait to be sent.
const QUEUE: usize = 4;

/// Why init itself ended the command.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Causes {
    pub(crate) timed_out: bool,
    pub(crate) stream_limit: bool,
    pub(crate) terminated: bool,
    pub(crate) stopped: bool,
}

/// The command's first process and all that came from it.
pub(crate) struct Processes {
    first: Pid,
    /// What has the memory of the first as well.
    sleeper: Option<Sleeper>,
    reach: Reach,
    state: Mutex<State>,
}

/// How the command's processes are reached, and no others.
pub(crate) enum Reach {
    /// There are no others.
    All,
    /// They alone are its user's. One thread is that user: whatever they do to it ends with it.
    OfUser(SyncSender<Sending>),
}

/// A signal for all processes of a user, and where it is told that it was sent.
pub(crate) struct Sending {
    signal: Signal,
    sent: SyncSender<()>,
}

impl Reach {
    /// For a command of `user`. Made before the command, which may take every process there may be.
    pub(crate) fn new(user: User) -> io::Result<Self> {
        if user == User::Own {
            return Ok(Self::All);
        }
        let (sender, signals) = sync_channel(QUEUE);
        thread::Builder::new().spawn(move || {
            user.stay();
            for Sending { signal, sent } in signals {
                let _ = kill(Pid::from_raw(-1), signal);
                let _ = sent.try_send(());
            }
        })?;
        Ok(Self::OfUser(sender))
    }

    fn send(&self, first: Pid, signal: Signal) {
        match self {
            Self::All => send(first, signal),
            Self::OfUser(sender) => {
                let (sent, is_sent) = sync_channel(1);
                if sender.send(Sending { signal, sent }).is_ok() {
                    let _ = is_sent.recv();
                }
            }
        }
    }
}

#[derive(Default)]
struct State {
    causes: Causes,
    ended: bool,
}

impl Processes {
    /// Those of the process `first`, leader of its group.
    pub(crate) fn new(first: Pid, sleeper: Option<Sleeper>, reach: Reach) -> Self {
        Self { first, sleeper, reach, state: Mutex::default() }
    }

    /// Sends `signal` to all, unless the command has ended, and notes the cause.
    pub(crate) fn signal(&self, signal: Signal, note: impl FnOnce(&mut Causes)) {
        let mut state = self.lock();
        if !state.ended {
            note(&mut state.causes);
            self.reach.send(self.first, signal);
        }
    }

    /// Notes that the command printed too much and kills it, if it still runs.
    pub(crate) fn kill_for_stream_limit(&self) {
        let mut state = self.lock();
        // What it printed is read after its end too.
        state.causes.stream_limit = true;
        if !state.ended {
            self.reach.send(self.first, Signal::SIGKILL);
        }
    }

    /// Why init ended the command, if it did.
    pub(crate) fn causes(&self) -> Causes {
        self.lock().causes
    }

    /// Reaps until the first process ends. None when it cannot be waited for.
    pub(crate) fn wait_for_first(&self) -> Option<WaitStatus> {
        let status = loop {
            match reap() {
                Some((pid, status)) if pid == self.first => break Some(status),
                Some(_) => {}
                None => break None,
            }
        };
        self.lock().ended = true;
        status
    }

    /// Kills whatever is left but `parent`, until none of it does anything any more: some may be giving back memory
    /// yet, which takes long.
    pub(crate) fn end_all(&self, parent: Option<Process>) {
        if !is_first_of_all() {
            return end_children();
        }
        if parent.is_none() && self.sleeper.as_ref().is_some_and(is_alone) {
            return;
        }
        wait_until(|| {
            // Those that are to be killed make no others, so that who looks at one after the other misses none.
            self.reach.send(self.first, Signal::SIGKILL);
            are_all(parent, Process::is_ending)
        });
    }

    /// Ends what slept beside them: nobody waits any more.
    pub(crate) fn give_back_memory(&self) {
        self.sleeper.iter().for_each(Sleeper::end);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True when no process is left but this one, which is process 1, and one that sleeps on. None was made meanwhile, whose
/// maker ended before it was looked at.
fn is_alone(sleeper: &Sleeper) -> bool {
    let Some(newest) = process::newest() else { return false };
    are_all(Some(sleeper.process()), Process::is_ending)
        && sleeper.sleeps()
        && process::newest() == Some(newest)
}

/// True once no process is left but this one, which is process 1, and `parent`. For those that were ended it waits.
pub(crate) fn are_gone(parent: Process) -> bool {
    let (began, mut gone) = (Instant::now(), false);
    wait_until(|| {
        gone = are_all(Some(parent), |_| false);
        gone || began.elapsed() > PATIENCE
    });
    gone
}

/// Looks now and then, less often when it takes longer.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let mut pause = PAUSE;
    while !is_so() {
        thread::sleep(pause);
        pause = LONGEST_PAUSE.min(2 * pause);
    }
}

/// Whether all but this process, which is process 1, and `parent` are so. Reaps those that ended.
fn are_all(parent: Option<Process>, so: impl Fn(Pid) -> bool) -> bool {
    while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
    // A list that cannot be read whole tells nothing.
    let Ok(all) = listed() else { return false };
    let is_known =
        |pid: Pid| pid == Pid::this() || parent.is_some_and(|parent| Process::of(pid) == Some(parent));
    all.contains(&Pid::this()) && all.into_iter().all(|pid| is_known(pid) || so(pid))
}

/// Kills and reaps children until none is left; orphans of a child become ours.
fn end_children() {
    loop {
        for child in children() {
            let _ = kill(child, Signal::SIGKILL);
        }
        if reap().is_none() {
            return;
        }
    }
}

/// Waits for the end of any child; none is left when there is no answer.
fn reap() -> Option<(Pid, WaitStatus)> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => return Some((Pid::from_raw(pid.as_raw_nonzero().get()), status)),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

/// In a container init is process 1, and `kill(-1)` is everyone else, at once; the group is the best
/// there is elsewhere.
fn send(first: Pid, signal: Signal) {
    let _ = if is_first_of_all() { kill(Pid::from_raw(-1), signal) } else { killpg(first, signal) };
}

/// The children of this process; orphans of the command become ours, since init is a subreaper.
fn children() -> impl Iterator<Item = Pid> {
    let me = Pid::this();
    processes().filter(move |pid| parent_of(*pid) == Some(me))
}
