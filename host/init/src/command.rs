//! Runs a command to its end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use rustix::process::WaitStatus;
use simulay_init::frames::{Exit, JobSpec, Phase, Rejection};

use crate::badness::Badness;
use crate::boot::Booted;
use crate::cgroup::Counters;
use crate::hands::{Done, Hands};
use crate::held::Held;
use crate::outputs::{Collection, Wanted};
use crate::parent::Parent;
use crate::process::Process;
use crate::processes::{Processes, Reach};
use crate::record::{Facts, Record};
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
    (badness, hands): (&Badness, &Hands),
    record: &Arc<Record>,
    ended: impl FnOnce() + Send + 'static,
) -> Result<Arc<Processes>, Rejection> {
    let refused = |error: io::Error| Rejection::Command(error.to_string());
    // Before the command, which may take every process there may be.
    let hand = || hands.take().map_err(refused);
    let (watch, attendant, compiler) = (hand()?, hand()?, hand()?);
    let readers = [(hand()?, stdout as Which), (hand()?, stderr as Which)];
    let reach = Reach::new(user).map_err(refused)?;
    let (before, scratch) = (Counters::now(), Watch::start(watch));
    let began = Instant::now();
    let parent = ahead.parent();
    let begin = || {
        let child = badness.worst_while(|| spawn::start(&spec.command, spec.env.iter(), user))?;
        Started::of(child).ok_or_else(|| io::Error::other("it has no streams"))
    };
    let started = ahead.go_on(spec, user).map_or_else(begin, Ok).map_err(refused)?;
    let processes = Arc::new(Processes::new(started.first, started.sleeper, reach));
    record.change(|facts| {
        facts.phase = Phase::Running;
        facts.started = true;
    });
    let pipes = [started.stdout, started.stderr].into_iter().zip(readers);
    let readers = pipes.map(|(pipe, (hand, which))| {
        let (bound, record, processes) = (Bound::of(spec), Arc::clone(record), Arc::clone(&processes));
        hand.begin(move || streams::keep(pipe, which, bound, &record, &processes))
    });
    let (attended, record, readers) = (Arc::clone(&processes), Arc::clone(record), readers.collect());
    let mut attending = Attendant { processes: attended, parent, record, readers, began, before, scratch };
    let (give, compiled) = sync_channel(1);
    // While the command is at work.
    compiler.begin(move || drop(give.send(wanted.compile())));
    attendant.begin(move || {
        attending.attend();
        let search = compiled.recv().unwrap_or_else(|error| Err(Rejection::Order(error.to_string())));
        let harvest = search.as_ref().map(Collection::collect).map_err(Rejection::clone);
        // First, so that the host's answer to the result cannot come before it.
        ended();
        attending.record.finish(harvest);
    });
    Ok(processes)
}

fn stdout(facts: &mut Facts) -> &mut Held {
    &mut facts.stdout
}

fn stderr(facts: &mut Facts) -> &mut Held {
    &mut facts.stderr
}

/// Waits beside a command and takes down how it ended.
struct Attendant {
    processes: Arc<Processes>,
    /// What goes on after the job.
    parent: Option<Process>,
    record: Arc<Record>,
    readers: Vec<Done>,
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
        self.readers.drain(..).for_each(Done::wait);
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
