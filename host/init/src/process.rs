//! One process, as `/proc` tells of it.

use std::fs;
use std::io;
use std::str::SplitWhitespace;

use nix::unistd::Pid;

/// `PF_EXITING` of Linux (include/linux/sched.h), among the flags in `/proc/PID/stat`: proc_pid_stat(5).
const ENDING: u32 = 0x4;

/// A process that cannot be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    /// Clock ticks after the boot of the machine.
    began: u64,
}

impl Process {
    /// The process of this number now.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = fields(&stat)?;
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        Some(Self { pid, began: fields.nth(18)?.parse().ok()? })
    }

    pub(crate) fn is_there(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Whether a process only gives back what it had: none of its threads comes back to its program. False where the
    /// kernel does not tell.
    pub(crate) fn is_ending(pid: Pid) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
        threads.into_iter().all(|thread| {
            let stat = thread.and_then(|thread| fs::read_to_string(thread.path().join("stat")));
            stat.is_ok_and(|stat| flags(&stat).is_some_and(|flags| flags & ENDING != 0))
        })
    }
}

/// What the kernel notes of a thread, by its line in `/proc`.
fn flags(stat: &str) -> Option<u32> {
    fields(stat)?.nth(6)?.parse().ok()
}

/// From the state on: what is before may hold anything, the name. See proc_pid_stat(5).
fn fields(stat: &str) -> Option<SplitWhitespace<'_>> {
    stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace())
}

/// Whose child a process is.
pub(crate) fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    fields(&stat)?.nth(1)?.parse().ok().map(Pid::from_raw)
}

/// True in a container: `kill(-1)` is everyone else then, at once.
pub(crate) fn is_first_of_all() -> bool {
    Pid::this().as_raw() == 1
}

/// The processes beside this one, when it is process 1, and `first`.
pub(crate) fn others(first: Pid) -> Option<Vec<Pid>> {
    let others = |pid: &Pid| *pid != Pid::this() && *pid != first;
    is_first_of_all().then(|| listed().ok())?.map(|all| all.into_iter().filter(others).collect())
}

/// The number that the kernel gave away last to a process or thread of the container: the last of `/proc/loadavg`, see
/// proc_loadavg(5).
pub(crate) fn newest() -> Option<u32> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().last()?.parse().ok()
}

/// All that are there.
pub(crate) fn processes() -> impl Iterator<Item = Pid> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| number(&entry))
}

/// The same, or an error: a list that cannot be read whole tells nothing.
pub(crate) fn listed() -> io::Result<Vec<Pid>> {
    let entries = fs::read_dir("/proc")?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.iter().filter_map(number).collect())
}

fn number(entry: &fs::DirEntry) -> Option<Pid> {
    entry.file_name().to_str()?.parse().ok().map(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;
    use crate::spawn::pid;

    #[test]
    fn a_process_that_gives_back_what_it_had_is_told_from_one_at_work() {
        let mut ended = Command::new("true").spawn().unwrap();
        let mut at_work = Command::new("sleep").arg("1000").spawn().unwrap();
        // Without a wait it stays in the list.
        while !Process::is_ending(pid(&ended)) {
            thread::yield_now();
        }
        assert!(!Process::is_ending(pid(&at_work)));
        at_work.kill().unwrap();
        at_work.wait().unwrap();
        assert!(!Process::is_ending(pid(&at_work)), "it is there no more");
        ended.wait().unwrap();
    }

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        assert_eq!(flags("7 (a) Z 1 2 3) S 1 7 7 0 -1 4194308 9"), Some(4_194_308));
        assert_eq!(flags("7 (a"), None);
    }
}
