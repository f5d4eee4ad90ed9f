//! A command that is started ahead of all its jobs, and has a child of its own for each.
//!
//! It runs nothing that a job brings, and reads nothing of it: what it is told is a user, and the ends of pipes. The
//! child that it makes is that user, has init as its parent, and reads its variables itself.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::process::{Child, exit};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, recv, sendmsg, setsockopt, socketpair,
    sockopt,
};
use nix::sys::time::TimeVal;
use nix::unistd::{Pid, pipe2};
use simulay_init::frames::{BootSpec, FAILED, FORK_VARIABLE, JobSpec};

use crate::boot::{fits, variables};
use crate::cgroup::Counters;
use crate::process::Process;
use crate::record::Record;
use crate::spawn::{self, Started};
use crate::user::{User, with_rights_of_parent};

/// For the command to be ready, and for a child to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command on its way, or ready to have children.
pub(crate) struct Parent {
    spec: BootSpec,
    process: Process,
    socket: Arc<OwnedFd>,
    record: Arc<Record>,
    /// What the container's cgroup counted before.
    before: Counters,
}

impl Parent {
    /// Starts the command; `record` is told when it is ready, or that it does not get there.
    pub(crate) fn start(spec: BootSpec, record: &Arc<Record>) -> io::Result<Self> {
        let before = Counters::now();
        let kind = SockType::SeqPacket;
        let (ours, theirs) = socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC)?;
        setsockopt(&ours, sockopt::ReceiveTimeout, &TimeVal::new(PATIENCE.as_secs().cast_signed(), 0))?;
        let child = start(&spec, theirs)?;
        let pid = spawn::pid(&child);
        let process = Process::of(pid).ok_or(io::ErrorKind::NotFound)?;
        let (socket, told) = (Arc::new(ours), Arc::clone(record));
        let heard = Arc::clone(&socket);
        thread::Builder::new().spawn(move || {
            let ready = hear(&heard) == Some(0);
            if !ready {
                let _ = kill(pid, Signal::SIGKILL);
            }
            told.change(|facts| facts.booted = Some(ready));
        })?;
        Ok(Self { spec, process, socket, record: Arc::clone(record), before })
    }

    /// It itself.
    pub(crate) const fn process(&self) -> Process {
        self.process
    }

    /// Whether it is as it was when it was ready.
    pub(crate) fn is_sound(&self) -> bool {
        self.record.booted() == Some(true)
            && self.process.is_there()
            && self.before.usage().oom_kills.is_none_or(|kills| kills == 0)
    }

    /// Has a child that goes on with `job` as `user`; none when it is another command's, or there no more.
    pub(crate) fn fork(&self, job: &JobSpec, user: User) -> Option<Started> {
        let User::Other(number) = user else { return None };
        if !self.is_sound() || !fits(&self.spec, job) {
            return None;
        }
        let [stdout, stderr, brought] = [pipe().ok()?, pipe().ok()?, pipe().ok()?];
        let ends = [&stdout.1, &stderr.1, &brought.0].map(OwnedFd::as_raw_fd);
        let message = number.to_ne_bytes();
        let rights = [ControlMessage::ScmRights(&ends)];
        sendmsg::<()>(
            self.socket.as_raw_fd(),
            &[IoSlice::new(&message)],
            &rights,
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
        .ok()?;
        // Only the child reads: where there is none this fails, and is told below. A pipe may take less than there is.
        drop((stdout.1, stderr.1, brought.0));
        let _ = File::from(brought.1).write_all(&variables(job));
        // It was asked for: nobody may start the command once more, unless it is known that there is no child.
        let child = hear(&self.socket).filter(|child| *child > 0).unwrap_or_else(|| exit(FAILED.into()));
        Some(Started {
            first: Pid::from_raw(child),
            sleeper: None,
            stdout: stdout.0.into(),
            stderr: stderr.0.into(),
        })
    }
}

fn pipe() -> nix::Result<(OwnedFd, OwnedFd)> {
    pipe2(OFlag::O_CLOEXEC)
}

/// On a thread of its own, which loses its rights over it.
fn start(spec: &BootSpec, socket: OwnedFd) -> io::Result<Child> {
    let own = (FORK_VARIABLE.to_owned(), "1".to_owned());
    let start = || spawn::start_on(socket, &spec.command, spec.env.iter().chain([&own]));
    thread::scope(|scope| {
        let started = scope.spawn(|| with_rights_of_parent(start)?).join();
        started.unwrap_or_else(|_| exit(FAILED.into()))
    })
}

/// The next word of the command.
fn hear(socket: &OwnedFd) -> Option<i32> {
    let mut word = [0; 4];
    let heard = recv(socket.as_raw_fd(), &mut word, MsgFlags::empty()).ok()?;
    (heard == word.len()).then(|| i32::from_ne_bytes(word))
}
