//! What the container's cgroup says about memory.

use std::fs;

const V2: &str = "/sys/fs/cgroup/memory.events";
const V1: &str = "/sys/fs/cgroup/memory/memory.oom_control";

/// Processes of this cgroup that the kernel killed for want of memory; 0 when it does not say.
pub(crate) fn oom_kills() -> u64 {
    let events = fs::read_to_string(V2).or_else(|_| fs::read_to_string(V1));
    events.ok().and_then(|events| parse(&events)).unwrap_or(0)
}

fn parse(events: &str) -> Option<u64> {
    let count = events.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn both_versions_are_read() {
        assert_eq!(parse("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), Some(3));
        assert_eq!(parse("low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n"), Some(1));
        assert_eq!(parse("oom_kill_disable 0\n"), None);
        assert_eq!(parse(""), None);
    }
}
