//! Runs a command to its end.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::process::WaitStatus;
use simulay_init::frames::{Exit, JobSpec, Phase, Rejection};

use crate::badness::Badness;
use crate::cgroup::Counters;
use crate::outputs::Wanted;
use crate::processes::{Processes, end_all};
use crate::record::Record;
use crate::scratch::Watch;
use crate::streams::{self, Bound, Which};

/// Starts the command of `spec` and a thread that sees it through; `ended` is called when all is known.
pub(crate) fn start(
    spec: &JobSpec,
    wanted: Wanted,
    badness: &Badness,
    record: &Arc<Record>,
    ended: impl FnOnce() + Send + 'static,
) -> Result<Arc<Processes>, Rejection> {
    let (before, scratch) = (Counters::now(), Watch::start());
    let began = Instant::now();
    let mut child =
        badness.worst_while(|| spawn(spec)).map_err(|error| Rejection::Command(error.to_string()))?;
    let processes = Arc::new(Processes::new(child.id()));
    record.change(|facts| {
        facts.phase = Phase::Running;
        facts.started = true;
    });
    let readers = [
        child.stdout.take().map(|pipe| read(pipe, |facts| &mut facts.stdout, spec, record, &processes)),
        child.stderr.take().map(|pipe| read(pipe, |facts| &mut facts.stderr, spec, record, &processes)),
    ];
    let (processes_there, record) = (Arc::clone(&processes), Arc::clone(record));
    let attendant = Attendant { processes: processes_there, record, began, before, scratch };
    thread::spawn(move || {
        attendant.attend(readers.into_iter().flatten());
        let harvest = wanted.collect();
        // First, so that the host's answer to the result cannot come before it.
        ended();
        attendant.record.finish(Ok(harvest));
    });
    Ok(processes)
}

fn spawn(spec: &JobSpec) -> std::io::Result<Child> {
    let (program, arguments) = spec.command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    // A signal mask is inherited; the command must not be deaf to SIGTERM.
    let blocked = SigSet::all().thread_swap_mask(SigmaskHow::SIG_UNBLOCK)?;
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    blocked.thread_set_mask()?;
    child
}

fn read(
    pipe: impl std::io::Read + Send + 'static,
    which: Which,
    spec: &JobSpec,
    record: &Arc<Record>,
    processes: &Arc<Processes>,
) -> thread::JoinHandle<()> {
    let (record, processes, bound) = (Arc::clone(record), Arc::clone(processes), Bound::of(spec));
    thread::spawn(move || streams::keep(pipe, which, bound, &record, &processes))
}

/// Waits beside a command and takes down how it ended.
struct Attendant {
    processes: Arc<Processes>,
    record: Arc<Record>,
    began: Instant,
    before: Counters,
    scratch: Watch,
}

impl Attendant {
    fn attend(&self, readers: impl Iterator<Item = thread::JoinHandle<()>>) {
        let status = self.processes.wait_for_first();
        let wall = self.began.elapsed();
        end_all();
        // The pipes end with the last process that holds them.
        readers.for_each(|reader| drop(reader.join()));
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
