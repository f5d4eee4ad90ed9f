//! What Docker saw, as against what the host says.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::process::{poll, read};

/// Longer than the host's sweep takes to come around.
const SWEPT: Duration = Duration::from_secs(90);

/// Looks at the containers of one host from a moment on.
pub(super) struct Witness {
    label: String,
    /// Tells each start as it happens: Docker itself remembers only its last 256 events.
    events: Child,
    told: File,
}

impl Witness {
    /// Of the host that keeps its data in `data`.
    pub(super) fn of_host(data: &Path) -> anyhow::Result<Self> {
        let instance = fs::read_to_string(data.join("instance")).context("the host has no instance yet")?;
        Self::of(instance.lines().next().unwrap_or_default())
    }

    /// Of whoever's containers are those of `instance`.
    pub(super) fn of(instance: &str) -> anyhow::Result<Self> {
        let label = format!("label=org.simulay.instance={instance}");
        let told = tempfile::tempfile()?;
        let mut events = Command::new("docker");
        events.args(["events", "--since", &now()?, "--filter", &label, "--filter", "event=start"]);
        events.args(["--format", "{{.Actor.Attributes.name}}"]);
        let events = events.stdin(Stdio::null()).stdout(told.try_clone()?).spawn()?;
        Ok(Self { label, events, told })
    }

    /// How many containers were started, and what is wrong with them: each started twice, each left behind.
    pub(super) fn judge(mut self) -> anyhow::Result<(usize, Vec<String>)> {
        let left = self.left()?;
        let (twice, all) = self.starts()?;
        let twice = twice.iter().map(|name| format!("{name} was started twice"));
        let left = left.iter().map(|name| format!("{name} was left behind"));
        Ok((all, twice.chain(left).collect()))
    }

    /// Containers that were started more than once, and how many were started at all.
    fn starts(&mut self) -> anyhow::Result<(Vec<String>, usize)> {
        if let Some(ended) = self.events.try_wait()? {
            bail!("`docker events` ended with {ended}: not every start was seen");
        }
        let mut names = String::new();
        self.told.seek(SeekFrom::Start(0))?;
        self.told.read_to_string(&mut names)?;
        let mut counts = BTreeMap::<&str, usize>::new();
        for name in names.lines() {
            *counts.entry(name).or_default() += 1;
        }
        let twice = counts.iter().filter(|(_, count)| **count > 1).map(|(name, _)| (*name).to_owned());
        Ok((twice.collect(), counts.values().sum()))
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

impl Drop for Witness {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.events.kill();
        let _ = self.events.wait();
    }
}

/// The daemon's own clock, which stamps its events.
fn now() -> anyhow::Result<String> {
    Ok(read(Command::new("docker").args(["info", "--format", "{{.SystemTime}}"]))?.trim().to_owned())
}
