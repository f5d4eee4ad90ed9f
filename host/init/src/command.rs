//! Runs a command to its end.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::WaitStatus;
use simulay_init::frames::{Exit, JobSpec, Phase, Rejection};

use crate::badness::Badness;
use crate::boot::Booted;
use crate::cgroup::Counters;
use crate::outputs::Wanted;
use crate::parent::{Parent, Process};
use crate::processes::{Processes, Reach};
use crate::record::Record;
use crate::scratch::Watch;
use crate::spawn::{self, Started};
use crate::streams::{self, Bound, Which};
use crate::user::User;

/// What was started ahead of the job.
pub(crate) enum Ahead<'a> {
    /// Nothing that is of use.
    Nothing,
    /// The command itself.
    Booted(Booted),
    /// What has a child for each job.
    Parent(&'a Parent),
}

impl Ahead<'_> {
    fn parent(&self) -> Option<Process> {
        if let Self::Parent(parent) = self { Some(parent.process()) } else { None }
    }

    fn go_on(self, job: &JobSpec, user: User) -> Option<Started> {
        match self {
            Self::Nothing => None,
            Self::Booted(booted) => booted.go_on(job),
            Self::Parent(parent) => parent.fork(job, user),
        }
    }
}

/// Starts the command of `spec` as `user`, or has what was started `ahead` go on with it, and threads that see it
/// through; `ended` is called when all is known.
pub(crate) fn start(
    spec: &JobSpec,
    (wanted, user): (Wanted, User),
    ahead: Ahead<'_>,
    badness: &Badness,
    record: &Arc<Record>,
    ended: impl FnOnce() + Send + 'static,
) -> Result<Arc<Processes>, Rejection> {
    let refused = |error: io::Error| Rejection::Command(error.to_string());
    let (before, scratch) = (Counters::now(), Watch::start());
    let stdout = reader(|facts| &mut facts.stdout, spec, record).map_err(refused)?;
    let stderr = reader(|facts| &mut facts.stderr, spec, record).map_err(refused)?;
    let reach = Reach::new(user).map_err(refused)?;
    let attendant = Waiting::new(move |mut attendant: Attendant| {
        attendant.attend();
        let harvest = wanted.collect();
        // First, so that the host's answer to the result cannot come before it.
        ended();
        attendant.record.finish(Ok(harvest));
    });
    let attendant = attendant.map_err(refused)?;
    let began = Instant::now();
    let parent = ahead.parent();
    let begin = || {
        let child = badness.worst_while(|| spawn::start(&spec.command, spec.env.iter(), user))?;
        Started::of(child).ok_or_else(|| io::Error::other("it has no streams"))
    };
    let started = ahead.go_on(spec, user).map_or_else(begin, Ok).map_err(refused)?;
    let processes = Arc::new(Processes::new(started.first, reach));
    record.change(|facts| {
        facts.phase = Phase::Running;
        facts.started = true;
    });
    let readers = vec![
        stdout.begin((started.stdout, Arc::clone(&processes))),
        stderr.begin((started.stderr, Arc::clone(&processes))),
    ];
    let (attended, record) = (Arc::clone(&processes), Arc::clone(record));
    attendant.begin(Attendant { processes: attended, parent, record, readers, began, before, scratch });
    Ok(processes)
}

/// A thread that is there before the command is: that may take every process its container may have.
struct Waiting<T> {
    work: SyncSender<T>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> Waiting<T> {
    fn new(work: impl FnOnce(T) + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(1);
        let wait = move || receiver.recv().map_or((), work);
        Ok(Self { work: sender, thread: thread::Builder::new().spawn(wait)? })
    }

    fn begin(self, with: T) -> JoinHandle<()> {
        // It waits for nothing else.
        let _ = self.work.send(with);
        self.thread
    }
}

fn reader(which: Which, spec: &JobSpec, record: &Arc<Record>) -> io::Result<Waiting<(File, Arc<Processes>)>> {
    let (record, bound) = (Arc::clone(record), Bound::of(spec));
    Waiting::new(move |(pipe, processes): (File, Arc<Processes>)| {
        streams::keep(pipe, which, bound, &record, &processes);
    })
}

/// Waits beside a command and takes down how it ended.
struct Attendant {
    processes: Arc<Processes>,
    /// What goes on after the job.
    parent: Option<Process>,
    record: Arc<Record>,
    readers: Vec<JoinHandle<()>>,
    began: Instant,
    before: Counters,
    scratch: Watch,
}

impl Attendant {
    fn attend(&mut self) {
        let status = self.processes.wait_for_first();
        let wall = self.began.elapsed();
        self.processes.end_all(self.parent);
        // The pipes end with the last process that holds them.
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
        let exit = self.exit(status, u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        self.record.change(|facts| {
            // The files are looked for yet, but the command is over.
            facts.phase = Phase::Ended;
            facts.exit = Some(exit);
        });
    }

    fn exit(&self, status: Option<WaitStatus>, wall_ms: u64) -> Exit {
        let (causes, usage) = (self.processes.causes(), self.before.usage());
        Exit {
            code: status.and_then(WaitStatus::exit_status),
            signal: status.and_then(WaitStatus::terminating_signal),
            timed_out: causes.timed_out,
            stream_limit: causes.stream_limit,
            terminated: causes.terminated,
            stopped: causes.stopped,
            oom_kills: usage.oom_kills,
            refused_processes: usage.refused_processes,
            scratch_full: self.scratch.was_full(),
            wall_ms,
            cpu_ms: usage.cpu_ms,
            peak_memory_bytes: usage.peak_memory_bytes,
        }
    }
}
