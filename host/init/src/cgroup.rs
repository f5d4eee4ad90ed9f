//! What the container's cgroup counts, in version 2 and in version 1.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::LazyLock;

const PLACE: &str = "/sys/fs/cgroup";
/// Bytes of a file that are read: none of these has more.
const MOST: usize = 4096;

/// Where each is counted, opened once: that takes longer than to read it.
static FILES: LazyLock<Files> = LazyLock::new(Files::open);

struct Files {
    memory_events: Option<File>,
    refused_processes: Option<File>,
    cpu: Cpu,
    memory_peak: Option<File>,
}

enum Cpu {
    /// Version 2: among other numbers, microseconds.
    Stat(File),
    /// Version 1: nanoseconds.
    Usage(File),
    None,
}

impl Files {
    fn open() -> Self {
        Self {
            memory_events: first(&["memory.events", "memory/memory.oom_control"]),
            refused_processes: first(&["pids.events", "pids/pids.events"]),
            cpu: Cpu::open(),
            memory_peak: first(&["memory.peak", "memory/memory.max_usage_in_bytes"]),
        }
    }
}

impl Cpu {
    fn open() -> Self {
        let usage = || first(&["cpuacct/cpuacct.usage"]).map(Self::Usage);
        first(&["cpu.stat"]).map(Self::Stat).or_else(usage).unwrap_or(Self::None)
    }

    fn milliseconds(&self) -> Option<u64> {
        match self {
            Self::Stat(stat) => find(&read(stat)?, "usage_usec ").map(|time| time / 1000),
            Self::Usage(usage) => number(&read(usage)?).map(|time| time / 1_000_000),
            Self::None => None,
        }
    }
}

fn first(files: &[&str]) -> Option<File> {
    files.iter().find_map(|file| File::open(Path::new(PLACE).join(file)).ok())
}

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

/// Opens what is counted, before somebody waits for it.
pub(crate) fn open() {
    LazyLock::force(&FILES);
}

impl Counters {
    /// As they are now.
    pub(crate) fn now() -> Self {
        let line = |file: &Option<File>, key| find(&read(file.as_ref()?)?, key);
        Self {
            oom_kills: line(&FILES.memory_events, "oom_kill "),
            refused_processes: line(&FILES.refused_processes, "max "),
            cpu_ms: FILES.cpu.milliseconds(),
            peak_memory_bytes: FILES.memory_peak.as_ref().and_then(|file| number(&read(file)?)),
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

fn read(file: &File) -> Option<String> {
    let mut bytes = [0; MOST];
    let read = file.read_at(&mut bytes, 0).ok()?;
    String::from_utf8(bytes.get(..read)?.to_vec()).ok()
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
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
