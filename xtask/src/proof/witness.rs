//! What Docker saw, as against what the host says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::process::{poll, read};

/// Longer than the host's sweep takes to come around.
const SWEPT: Duration = Duration::from_secs(90);

/// Looks at the containers of one host from a moment on.
pub(super) struct Witness {
    label: String,
    since: String,
}

impl Witness {
    /// Of the host that keeps its data in `data`.
    pub(super) fn new(data: &Path) -> anyhow::Result<Self> {
        let instance = fs::read_to_string(data.join("instance")).context("the host has no instance yet")?;
        Ok(Self { label: format!("label=org.simulay.instance={}", instance.trim()), since: now()? })
    }

    /// How many containers were started, and what is wrong with them: each started twice, each left behind.
    pub(super) fn judge(&self) -> anyhow::Result<(usize, Vec<String>)> {
        let (twice, all) = self.starts()?;
        let twice = twice.iter().map(|name| format!("{name} was started twice"));
        let left = self.left()?;
        let left = left.iter().map(|name| format!("{name} was left behind"));
        Ok((all, twice.chain(left).collect()))
    }

    /// Containers that were started more than once, and how many were started at all.
    fn starts(&self) -> anyhow::Result<(Vec<String>, usize)> {
        let mut events = Command::new("docker");
        events.args(["events", "--since", &self.since, "--until", &now()?, "--filter", &self.label]);
        events.args(["--filter", "event=start", "--format", "{{.Actor.Attributes.name}}"]);
        let mut counts = BTreeMap::<String, usize>::new();
        for name in read(&mut events)?.lines() {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
        let all = counts.values().sum();
        Ok((counts.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect(), all))
    }

    /// Containers that are still there after the host had time to remove them.
    fn left(&self) -> anyhow::Result<Vec<String>> {
        let gone = poll(SWEPT, || self.present().is_ok_and(|names| names.is_empty()).then_some(()));
        if gone.is_some() { Ok(Vec::new()) } else { self.present() }
    }

    fn present(&self) -> anyhow::Result<Vec<String>> {
        let mut list = Command::new("docker");
        list.args(["ps", "--all", "--filter", &self.label, "--format", "{{.Names}}"]);
        Ok(read(&mut list)?.lines().map(str::to_owned).collect())
    }
}

/// The daemon's own clock, which stamps its events.
fn now() -> anyhow::Result<String> {
    Ok(read(Command::new("docker").args(["info", "--format", "{{.SystemTime}}"]))?.trim().to_owned())
}
