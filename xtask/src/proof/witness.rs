//! What Docker saw, as against what the host says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use simulay_init::frames::{Decoder, Phase, Report};
use tempfile::TempDir;

use crate::process::{poll, read};

/// What those are called that wait for calls, also while they serve one.
const POOL: &str = "simulay-pool-";
/// Longer than the host's sweep takes to come around.
const SWEPT: Duration = Duration::from_secs(90);

/// Looks at the containers of one host, or of one cluster, from a moment on.
pub(super) struct Witness {
    label: String,
    watches: Vec<Watch>,
}

/// Looks at one daemon.
struct Watch {
    /// Its address; the usual one when there is none.
    address: Option<String>,
    /// Tells each start as it happens: Docker itself remembers only its last 256 events.
    events: Child,
    told: File,
    /// What the init of each container said that waited for calls, by its name.
    said: TempDir,
}

/// Tells each start, and writes down what containers say that wait for calls. A daemon that comes again tells what it
/// remembers; what was told before is told in the same words.
const WATCH: &str = r#"
said=$1; shift
while :; do
    "$@" | while read -r time name; do
        echo "$time $name"
        case "$name" in simulay-pool-*)
            [ -e "$said/$name" ] || docker attach --no-stdin --sig-proxy=false "$name" > "$said/$name" 2>/dev/null &
        esac
    done
    sleep 0.1
done"#;

impl Witness {
    /// Of the host that keeps its data in `data`.
    pub(super) fn of_host(data: &Path) -> anyhow::Result<Self> {
        let instance = fs::read_to_string(data.join("instance")).context("the host has no instance yet")?;
        Self::of(instance.lines().next().unwrap_or_default())
    }

    /// Of whoever's containers are those of `instance`.
    pub(super) fn of(instance: &str) -> anyhow::Result<Self> {
        Self::on(instance, [None])
    }

    /// The same, on several daemons, each of which may end and come again.
    pub(super) fn on(
        instance: &str,
        addresses: impl IntoIterator<Item = Option<String>>,
    ) -> anyhow::Result<Self> {
        let label = format!("label=org.simulay.instance={instance}");
        let watches = addresses.into_iter().map(|address| Watch::new(address, &label));
        Ok(Self { watches: watches.collect::<Result<_, _>>()?, label })
    }

    /// How many containers attempts had, and what is wrong with them: each that was started twice for an attempt, or
    /// given to it twice, each left behind.
    pub(super) fn judge(&mut self) -> anyhow::Result<(usize, Vec<String>)> {
        let left = self.left()?;
        let (twice, all) = self.starts()?;
        let twice = twice.iter().map(|name| format!("{name} was started twice"));
        let left = left.iter().map(|name| format!("{name} was left behind"));
        Ok((all, twice.chain(left).collect()))
    }

    /// What still waits for calls though the host has stopped.
    pub(super) fn judge_the_end(&self) -> anyhow::Result<Vec<String>> {
        let present = self.present()?.into_iter();
        Ok(present.map(|name| format!("{name} was left behind by a host that stopped")).collect())
    }

    /// Attempts that more than one container was started for or served, and how many had one at all. Whose job one has
    /// that waited for calls, its init says.
    fn starts(&mut self) -> anyhow::Result<(Vec<String>, usize)> {
        let mut counts = BTreeMap::<String, usize>::new();
        for watch in &mut self.watches {
            let told = watch.told()?;
            let names = told.iter().filter_map(|line| line.split_whitespace().nth(1));
            let named = names.filter(|name| !name.starts_with(POOL)).map(attempt).map(str::to_owned);
            for attempt in named.chain(watch.served()?) {
                *counts.entry(attempt).or_default() += 1;
            }
        }
        let twice = counts.iter().filter(|(_, count)| **count > 1).map(|(name, _)| name.clone());
        Ok((twice.collect(), counts.values().sum()))
    }

    /// Containers of attempts that are still there after the host had time to remove them.
    fn left(&self) -> anyhow::Result<Vec<String>> {
        let gone = poll(SWEPT, || self.of_attempts().is_ok_and(|names| names.is_empty()).then_some(()));
        if gone.is_some() { Ok(Vec::new()) } else { self.of_attempts() }
    }

    fn of_attempts(&self) -> anyhow::Result<Vec<String>> {
        let present = self.present()?.into_iter();
        Ok(present.filter(|name| !name.starts_with(POOL)).collect())
    }

    fn present(&self) -> anyhow::Result<Vec<String>> {
        let listed = self.watches.iter().map(|watch| watch.present(&self.label));
        Ok(listed.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

impl Watch {
    fn new(address: Option<String>, label: &str) -> anyhow::Result<Self> {
        let (told, said) = (tempfile::tempfile()?, tempfile::tempdir()?);
        let mut watching = Command::new("sh");
        watching.args(["-c", WATCH, "watch"]).arg(said.path()).args(["docker", "events"]);
        watching.args(["--since", &now()?, "--filter", label, "--filter", "event=start"]);
        watching.args(["--format", "{{.TimeNano}} {{.Actor.Attributes.name}}"]);
        watching.envs(address.iter().map(|address| ("DOCKER_HOST", address))).process_group(0);
        let events = watching.stdin(Stdio::null()).stdout(told.try_clone()?).stderr(Stdio::null()).spawn()?;
        Ok(Self { address, events, told, said })
    }

    /// The attempts that each container served which waited for calls; one that was served twice comes twice.
    fn served(&self) -> anyhow::Result<Vec<String>> {
        let mut served = Vec::new();
        for entry in fs::read_dir(self.said.path())? {
            served.extend(begun(&fs::read(entry?.path())?));
        }
        Ok(served)
    }

    /// Each start: when, and of which container.
    fn told(&mut self) -> anyhow::Result<BTreeSet<String>> {
        if let Some(ended) = self.events.try_wait()? {
            bail!("who watches the events of Docker ended with {ended}: not every start was seen");
        }
        let mut text = String::new();
        self.told.seek(SeekFrom::Start(0))?;
        self.told.read_to_string(&mut text)?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn present(&self, label: &str) -> anyhow::Result<Vec<String>> {
        let mut list = Command::new("docker");
        list.args(["ps", "--all", "--filter", label, "--format", "{{.Names}}"]);
        list.envs(self.address.iter().map(|address| ("DOCKER_HOST", address)));
        Ok(read(&mut list)?.lines().map(str::to_owned).collect())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // With what it started, which is in its group; it may be gone already.
        if let Ok(group) = self.events.id().try_into() {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.events.wait();
    }
}

/// Of which attempt a container is that is called so: before the mark of its instance.
fn attempt(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(attempt, _)| attempt)
}

/// The attempts whose jobs an init began that said all this. It says again whose it has to each host that asks, after
/// it said that there is one.
fn begun(said: &[u8]) -> Vec<String> {
    let (mut begun, mut has_one) = (Vec::<String>::new(), false);
    for report in Decoder::<Report>::default().feed(said).into_iter().flatten() {
        match report {
            Report::Welcome { phase, .. } => has_one = phase != Phase::Idle,
            Report::Serves { attempt } if !has_one || !begun.contains(&attempt) => begun.push(attempt),
            _ => {}
        }
    }
    begun
}

/// The daemon's own clock, which stamps its events.
fn now() -> anyhow::Result<String> {
    Ok(read(Command::new("docker").args(["info", "--format", "{{.SystemTime}}"]))?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use simulay_init::frames::{PROTOCOL, encode};

    use super::*;

    fn welcome(phase: Phase) -> Report {
        Report::Welcome { session: 1, phase, protocol: PROTOCOL }
    }

    #[test]
    fn what_is_begun_again_is_seen_and_what_is_told_again_is_not() {
        let serves = |attempt: &str| Report::Serves { attempt: attempt.to_owned() };
        let said = |reports: &[Report]| {
            reports.iter().flat_map(|report| encode(report).unwrap()).collect::<Vec<_>>()
        };
        let told = [welcome(Phase::Idle), serves("a"), welcome(Phase::Running), serves("a")];
        assert_eq!(begun(&said(&told)), ["a"]);
        let twice = [welcome(Phase::Idle), serves("a"), welcome(Phase::Idle), serves("a"), serves("b")];
        assert_eq!(begun(&said(&twice)), ["a", "a", "b"]);
        // Who came late heard of it from another host.
        assert_eq!(begun(&said(&[welcome(Phase::Ended), serves("c")])), ["c"]);
    }
}
