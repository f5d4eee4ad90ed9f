//! The command's processes: signals for all of them, and their ends.

use std::fs;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use rustix::process::{WaitOptions, WaitStatus, wait};

use crate::parent::Process;
use crate::user::User;

/// Between two looks whether what was killed is gone.
const PAUSE: Duration = Duration::from_micros(500);
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
    reach: Reach,
    state: Mutex<State>,
}

/// How the command's processes are reached, and no others.
pub(crate) enum Reach {
    /// There are no others.
    All,
    /// They alone are its user's. One thread is that user: whatever they do to it ends with it.
    OfUser(SyncSender<Signal>),
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
            for signal in signals {
                let _ = kill(Pid::from_raw(-1), signal);
            }
        })?;
        Ok(Self::OfUser(sender))
    }

    fn send(&self, first: Pid, signal: Signal) {
        match self {
            Self::All => send(first, signal),
            // Whoever waits to kill does it again.
            Self::OfUser(sender) => drop(sender.try_send(signal)),
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
    pub(crate) fn new(first: Pid, reach: Reach) -> Self {
        Self { first, reach, state: Mutex::default() }
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

    /// Kills and reaps whatever is left, until nothing is but `parent`.
    pub(crate) fn end_all(&self, parent: Option<Process>) {
        if matches!(self.reach, Reach::All) {
            return end_all();
        }
        while !are_gone(parent) {
            self.reach.send(self.first, Signal::SIGKILL);
            thread::sleep(PAUSE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True when no process is left but this one, which is process 1, and `parent`. Reaps those that ended.
pub(crate) fn are_gone(parent: Option<Process>) -> bool {
    while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
    // A list that cannot be read whole tells nothing.
    let Ok(all) = listed() else { return false };
    let is_known =
        |pid: &Pid| *pid == Pid::this() || parent.is_some_and(|parent| Process::of(*pid) == Some(parent));
    all.contains(&Pid::this()) && all.iter().all(is_known)
}

/// Kills and reaps whatever is left, until nothing is.
fn end_all() {
    loop {
        kill_children();
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

fn kill_children() {
    if is_first_of_all() {
        let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    } else {
        for child in children() {
            let _ = kill(child, Signal::SIGKILL);
        }
    }
}

fn is_first_of_all() -> bool {
    Pid::this().as_raw() == 1
}

/// The children of this process; orphans of the command become ours, since init is a subreaper.
fn children() -> impl Iterator<Item = Pid> {
    let me = Pid::this().as_raw();
    processes().filter(move |pid| parent_of(pid.as_raw()) == Some(me))
}

fn processes() -> impl Iterator<Item = Pid> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| number(&entry))
}

fn listed() -> io::Result<Vec<Pid>> {
    let entries = fs::read_dir("/proc")?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.iter().filter_map(number).collect())
}

fn number(entry: &fs::DirEntry) -> Option<Pid> {
    entry.file_name().to_str()?.parse().ok().map(Pid::from_raw)
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // pid (name, which may hold anything) state parent …
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}
