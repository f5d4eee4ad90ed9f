//! What the container's cgroup counts, in version 2 and in version 1.

use std::fs;

/// Counters at one moment; what the kernel does not tell is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    oom_kills: Option<u64>,
    refused_processes: Option<u64>,
    cpu_ms: Option<u64>,
    peak_memory_bytes: Option<u64>,
}

/// What happened between two moments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processes that the kernel killed for want of memory; none when nobody counts them.
    pub(crate) oom_kills: Option<u64>,
    /// Processes that the kernel refused to start.
    pub(crate) refused_processes: u64,
    /// Processor time, milliseconds.
    pub(crate) cpu_ms: Option<u64>,
    /// The most memory in use at one moment, bytes; none when there was more in use before.
    pub(crate) peak_memory_bytes: Option<u64>,
}

impl Counters {
    /// As they are now.
    pub(crate) fn now() -> Self {
        Self {
            oom_kills: oom_kills(),
            refused_processes: line(&["pids.events", "pids/pids.events"], "max "),
            cpu_ms: cpu_ms(),
            peak_memory_bytes: number(&["memory.peak", "memory/memory.max_usage_in_bytes"]),
        }
    }

    /// What happened since.
    pub(crate) fn usage(self) -> Usage {
        let now = Self::now();
        let since = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        Usage {
            oom_kills: since(now.oom_kills, self.oom_kills),
            refused_processes: since(now.refused_processes, self.refused_processes).unwrap_or(0),
            cpu_ms: since(now.cpu_ms, self.cpu_ms),
            peak_memory_bytes: now.peak_memory_bytes.filter(|peak| Some(*peak) > self.peak_memory_bytes),
        }
    }
}

fn oom_kills() -> Option<u64> {
    line(&["memory.events", "memory/memory.oom_control"], "oom_kill ")
}

fn cpu_ms() -> Option<u64> {
    let microseconds = line(&["cpu.stat"], "usage_usec ");
    let nanoseconds = || number(&["cpuacct/cpuacct.usage"]);
    microseconds.map(|time| time / 1000).or_else(|| nanoseconds().map(|time| time / 1_000_000))
}

/// The number behind `key` in the first of `files` that is there.
fn line(files: &[&str], key: &str) -> Option<u64> {
    find(&read(files)?, key)
}

fn number(files: &[&str]) -> Option<u64> {
    read(files)?.trim().parse().ok()
}

fn read(files: &[&str]) -> Option<String> {
    files.iter().find_map(|file| fs::read_to_string(format!("/sys/fs/cgroup/{file}")).ok())
}

fn find(text: &str, key: &str) -> Option<u64> {
    let count = text.lines().find_map(|line| line.strip_prefix(key))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn both_versions_are_read() {
        assert_eq!(find("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill "), Some(3));
        assert_eq!(find("low 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n", "oom_kill "), Some(1));
        assert_eq!(find("oom_kill_disable 0\n", "oom_kill "), None);
        assert_eq!(find("max 4\n", "max "), Some(4));
        assert_eq!(find("usage_usec 1234\nuser_usec 1000\n", "usage_usec "), Some(1234));
    }
}
