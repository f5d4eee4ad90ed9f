//! What a process holds.

use std::fs;

use anyhow::Context as _;

/// Memory and files of a process at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holding {
    /// Resident bytes.
    pub(crate) bytes: u64,
    /// The most bytes that were ever resident.
    pub(crate) most_bytes: u64,
    /// Open files.
    pub(crate) files: u64,
}

impl Holding {
    /// What `process` holds now.
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).context("the host is gone")?;
        let files = fs::read_dir(format!("/proc/{process}/fd"))?.count() as u64;
        Ok(Self { bytes: bytes(&status, "VmRSS:")?, most_bytes: bytes(&status, "VmHWM:")?, files })
    }

    /// Prints it.
    pub(crate) fn print(&self, when: &str) {
        println!("  the host {when}: {} MiB, {} open files", self.bytes >> 20, self.files);
    }
}

fn bytes(status: &str, field: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|text| text.split_whitespace().next()).with_context(|| format!("no {field}"))?;
    Ok(kib.parse::<u64>()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_something() {
        let holding = Holding::of(std::process::id()).unwrap();
        assert!(holding.bytes > 0 && holding.most_bytes >= holding.bytes && holding.files > 2);
    }
}
