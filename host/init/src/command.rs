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
use crate::cgroup;
use crate::outputs::Wanted;
use crate::processes::{Processes, end_all};
use crate::record::{Output, Record};
use crate::scratch;
use crate::streams::{self, Which};

/// Starts the command of `spec` and a thread that sees it through; `ended` is called when all is known.
pub(crate) fn start(
    spec: &JobSpec,
    wanted: Wanted,
    badness: &Badness,
    record: &Arc<Record>,
    ended: impl FnOnce() + Send + 'static,
) -> Result<Arc<Processes>, Rejection> {
    let oom_kills = cgroup::oom_kills();
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
    let attendant =
        Attendant { processes: Arc::clone(&processes), record: Arc::clone(record), began, oom_kills };
    thread::spawn(move || {
        let result = attendant.attend(readers.into_iter().flatten(), &wanted);
        // First, so that the host's answer to the result cannot come before it.
        ended();
        attendant.record.finish(result);
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
    let (record, processes, limit) = (Arc::clone(record), Arc::clone(processes), spec.max_stream_bytes);
    thread::spawn(move || streams::keep(pipe, which, limit, &record, &processes))
}

/// Waits beside a command and takes down how it ended and what it left.
struct Attendant {
    processes: Arc<Processes>,
    record: Arc<Record>,
    began: Instant,
    oom_kills: u64,
}

impl Attendant {
    fn attend(
        &self,
        readers: impl Iterator<Item = thread::JoinHandle<()>>,
        wanted: &Wanted,
    ) -> Result<Arc<[Output]>, Rejection> {
        let status = self.processes.wait_for_first();
        let wall = self.began.elapsed();
        end_all();
        // The pipes end with the last process that holds them.
        readers.for_each(|reader| drop(reader.join()));
        let exit = self.exit(status, u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        self.record.change(|facts| facts.exit = Some(exit));
        wanted.collect()
    }

    fn exit(&self, status: Option<WaitStatus>, wall_ms: u64) -> Exit {
        let causes = self.processes.causes();
        Exit {
            code: status.and_then(WaitStatus::exit_status),
            signal: status.and_then(WaitStatus::terminating_signal),
            timed_out: causes.timed_out,
            stream_limit: causes.stream_limit,
            terminated: causes.terminated,
            oom_kills: cgroup::oom_kills().saturating_sub(self.oom_kills),
            scratch_full: scratch::is_full(),
            wall_ms,
        }
    }
}
