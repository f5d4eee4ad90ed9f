//! A command that is started before its job is known, as far as it gets without one.
//!
//! It has the arguments and the environment that it is to have, so that nothing it finds out about itself is another
//! than if it were started with the job. What only the job tells it, variables and files, it comes to after it has
//! read a named pipe to its end: there it waits. A pipe has a reader once the command is there, and a name in the
//! file system leaves no descriptor to the command or its children.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use simulay_init::frames::{BOOT_VARIABLE, BootSpec, JOB_PREFIX, JobSpec};

use crate::badness::Badness;
use crate::record::Record;
use crate::sleeper::{self, Sleeper};
use crate::spawn::{self, Started};
use crate::user::User;

/// Between two looks whether the command is there.
const PAUSE: Duration = Duration::from_millis(2);
/// For the command to get there.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a pipe takes without a reader at work.
const MOST_BYTES: usize = 32 << 10;

/// A command on its way, or waiting.
pub(crate) struct Boot {
    spec: BootSpec,
    first: Pid,
    record: Arc<Record>,
    watcher: Option<JoinHandle<Option<Booted>>>,
}

/// A command that waits. Dropped, it is gone.
pub(crate) struct Booted {
    child: Option<Child>,
    sleeper: Option<Sleeper>,
    pipe: File,
}

impl Boot {
    /// Starts the command; `record` is told when it waits, or that it does not get there.
    pub(crate) fn start(spec: BootSpec, badness: &Badness, record: &Arc<Record>) -> io::Result<Self> {
        let place = place();
        let _ = fs::remove_file(&place);
        mkfifo(&place, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let own = (BOOT_VARIABLE.to_owned(), place.to_string_lossy().into_owned());
        let env = spec.env.iter().chain([&own]);
        let child = badness.worst_while(|| spawn::start(&spec.command, env, User::Own))?;
        let first = spawn::pid(&child);
        let told = Arc::clone(record);
        let watcher = thread::Builder::new().spawn(move || {
            let booted = watch(child, &place);
            let _ = fs::remove_file(&place);
            told.change(|facts| facts.booted = Some(booted.is_some()));
            booted
        })?;
        Ok(Self { spec, first, record: Arc::clone(record), watcher: Some(watcher) })
    }

    /// The command as it waits, when it is that of `job`; else it is gone.
    pub(crate) fn fit(mut self, job: &JobSpec) -> Option<Booted> {
        if fits(&self.spec, job) { self.end() } else { None }
    }

    /// The command, if it waits; one that is on its way yet is gone.
    fn end(&mut self) -> Option<Booted> {
        let watcher = self.watcher.take()?;
        if self.record.booted().is_none() {
            // Only its watcher reaps it.
            let _ = kill(self.first, Signal::SIGKILL);
        }
        watcher.join().ok().flatten()
    }
}

impl Drop for Boot {
    fn drop(&mut self) {
        drop(self.end());
    }
}

impl Booted {
    /// Lets the command go on with the variables of `job`; none when it is there no more.
    pub(crate) fn go_on(mut self, job: &JobSpec) -> Option<Started> {
        let waits = self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
        if !waits || self.pipe.write_all(&variables(job)).is_err() {
            return None;
        }
        let started = self.child.take().and_then(Started::of)?;
        Some(Started { sleeper: self.sleeper.take(), ..started })
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            end(child);
        }
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
    sleeper::end_beside(spawn::pid(child));
}

/// In a container init is process 1; elsewhere there are others.
fn place() -> PathBuf {
    std::env::temp_dir().join(format!(".simulay-boot-{}", std::process::id()))
}

/// Waits until the command opens the pipe; none when it ends before.
fn watch(mut child: Child, place: &Path) -> Option<Booted> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
        // Nobody can open it for writing as long as nobody reads it.
        let flags = OFlag::O_NONBLOCK.bits();
        if let Ok(pipe) = OpenOptions::new().write(true).custom_flags(flags).open(place) {
            let sleeper = Sleeper::beside(spawn::pid(&child));
            return Some(Booted { child: Some(child), sleeper, pipe });
        }
        thread::sleep(PAUSE);
    }
    end(&mut child);
    None
}

/// True when the command that waits is the one of the job, and would have started alike with it.
pub(crate) fn fits(boot: &BootSpec, job: &JobSpec) -> bool {
    let mut own: Vec<_> = job.env.iter().filter(|(name, _)| !name.starts_with(JOB_PREFIX)).collect();
    let mut booted: Vec<_> = boot.env.iter().collect();
    own.sort();
    booted.sort();
    boot.command == job.command && own == booted && variables(job).len() <= MOST_BYTES
}

/// The variables that the job brings, as the command reads them.
pub(crate) fn variables(job: &JobSpec) -> Vec<u8> {
    let of_job = job.env.iter().filter(|(name, _)| name.starts_with(JOB_PREFIX));
    of_job.flat_map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}
