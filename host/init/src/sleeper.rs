//! A process that shares the memory of a command which was started ahead, and sleeps until its container is gone: what
//! ends last gives back the memory, and nobody waits for that. It has no signal that wakes it but the last. A job may have
//! woken it all the same, or changed what it would do then: it is believed as long as it never ran since there is a job.

use std::fs;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::{Process, others};

/// For it to fall asleep.
const PAUSE: Duration = Duration::from_millis(1);
const LOOKS: u32 = 20;

/// A process that sleeps.
pub(crate) struct Sleeper {
    process: Process,
    /// How often it ran.
    runs: u64,
}

impl Sleeper {
    /// The one process there is beside init and the command `first`, which has no job yet.
    pub(crate) fn beside(first: Pid) -> Option<Self> {
        let [process] = *others(first)?.as_slice() else { return None };
        let process = Process::of(process)?;
        let mut before = None;
        for _ in 0..LOOKS {
            let runs = runs_of_one_asleep(process.pid);
            if runs.is_some() && runs == before {
                return runs.map(|runs| Self { process, runs });
            }
            before = runs;
            thread::sleep(PAUSE);
        }
        None
    }

    /// It itself.
    pub(crate) const fn process(&self) -> Process {
        self.process
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        if self.process.is_there() {
            let _ = kill(self.process.pid, Signal::SIGKILL);
        }
    }

    /// Whether it never ran since, and will not: to be asked when nobody is left who could wake it.
    pub(crate) fn sleeps(&self) -> bool {
        runs_of_one_asleep(self.process.pid) == Some(self.runs) && self.process.is_there()
    }
}

/// Ends whatever is there beside init and the command `first`, which got no job: another command is to have the memory.
pub(crate) fn end_beside(first: Pid) {
    for other in others(first).unwrap_or_default() {
        let _ = kill(other, Signal::SIGKILL);
    }
}

/// How often a process ran that sleeps now; none of one that does not.
fn runs_of_one_asleep(pid: Pid) -> Option<u64> {
    runs(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn runs(status: &str) -> Option<u64> {
    let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
    let count = |name| of(name)?.trim().parse::<u64>().ok();
    let sleeps = of("State")?.starts_with('S');
    let runs = count("voluntary_ctxt_switches")?.checked_add(count("nonvoluntary_ctxt_switches")?)?;
    sleeps.then_some(runs)
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn one_that_runs_is_none_that_sleeps() {
        let asleep =
            "Name:\tx\nState:\tS (sleeping)\nvoluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t1\n";
        assert_eq!(runs(asleep), Some(4));
        assert_eq!(runs(&asleep.replace("S (sleeping)", "R (running)")), None);
        assert_eq!(runs("State:\tS (sleeping)\n"), None);
    }
}
