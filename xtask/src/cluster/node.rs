//! A machine of the cluster: a daemon of Docker with its own network, processes, mounts and host name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::site::{Name, Site};
use crate::place::Place;
use crate::process::{administrative, ends_well, poll, tail};
use crate::step::say;

const FIRST_PROCESS: &str = include_str!("node.sh");
const START: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(10);
const CGROUPS: &str = "/sys/fs/cgroup";

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    name: Name,
    running: PathBuf,
    stored: PathBuf,
}

/// Starts those that do not run, and waits until each answers.
pub(super) fn up(place: &Place, site: &Site, names: impl Iterator<Item = Name>) -> anyhow::Result<Vec<Node>> {
    let nodes: Vec<_> = names.map(|name| Node::new(site, name)).collect();
    for node in nodes.iter().filter(|node| node.process().is_none()) {
        node.start(place)?;
    }
    nodes.iter().try_for_each(Node::wait)?;
    Ok(nodes)
}

/// Ends all of them, with everything that runs on them.
pub(super) fn down(site: &Site) -> anyhow::Result<()> {
    for node in super::nodes(site) {
        node.end()?;
        remove_cgroups(&node.name.host());
    }
    Ok(())
}

impl Node {
    /// The node of this name.
    pub(super) fn new(site: &Site, name: Name) -> Self {
        Self { name, running: site.running(name), stored: site.stored(name) }
    }

    /// What it is called.
    pub(crate) const fn name(&self) -> Name {
        self.name
    }

    /// Where its daemon listens, as this machine sees it.
    pub(crate) fn socket(&self) -> PathBuf {
        self.running.join("docker.sock")
    }

    /// The address of its daemon.
    pub(crate) fn docker_host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// `docker`, asking its daemon.
    pub(crate) fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.args(["--host", &self.docker_host()]);
        docker
    }

    /// True when its daemon answers.
    pub(crate) fn answers(&self) -> bool {
        ends_well(self.docker().args(["version", "--format", "{{.Server.Version}}"]), ANSWER)
    }

    /// Starts it; it goes on when this program ends.
    pub(crate) fn start(&self, place: &Place) -> anyhow::Result<()> {
        for folder in [&self.running, &self.stored.join("docker")] {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        fs::create_dir_all("/var/lib/docker").context("/var/lib/docker cannot be made")?;
        let log = File::create(self.stored.join("node.log"))?;
        let mut first = self.command(place)?;
        first.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = first.spawn().context("a node cannot be started")?;
        fs::write(self.process_file(), child.id().to_string())?;
        say(&format!("{} is process {}, its log is {}", self.name.host(), child.id(), self.log().display()));
        Ok(())
    }

    fn command(&self, place: &Place) -> anyhow::Result<Command> {
        // A session of its own: a Ctrl-C here does not reach it.
        let mut first = administrative("setsid")?;
        first.arg("nsenter").arg(format!("--net=/run/netns/{}", self.name.host()));
        first.args(["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]);
        first.args(["sh", "-c", FIRST_PROCESS, "node", &self.name.host()]);
        first.arg(&self.running).arg(&self.stored).arg(place.root().join("deploy/seccomp.json"));
        Ok(first)
    }

    /// Waits until its daemon answers.
    pub(crate) fn wait(&self) -> anyhow::Result<()> {
        let answered = poll(START, || match (self.answers(), self.process()) {
            (true, _) => Some(true),
            (false, None) => Some(false),
            (false, Some(_)) => None,
        });
        if answered == Some(true) {
            return Ok(());
        }
        bail!(
            "the daemon of {} does not answer:\n{}\n({})",
            self.name.host(),
            tail(&self.log()),
            self.log().display()
        )
    }

    fn log(&self) -> PathBuf {
        self.stored.join("dockerd.log")
    }

    fn process_file(&self) -> PathBuf {
        self.stored.join("process")
    }

    /// The process that its namespaces live by, if it runs.
    pub(super) fn process(&self) -> Option<Pid> {
        let number: i32 = fs::read_to_string(self.process_file()).ok()?.trim().parse().ok()?;
        let command = fs::read(format!("/proc/{number}/cmdline")).ok()?;
        let mark = self.running.as_os_str().as_encoded_bytes();
        // The number of one that has ended is given to others.
        command.windows(mark.len()).any(|part| part == mark).then(|| Pid::from_raw(number))
    }

    /// Ends it as a power cut does: every process of it at once.
    pub(crate) fn end(&self) -> anyhow::Result<()> {
        let Some(process) = self.process() else { return Ok(()) };
        // It may end just now; that is what is wanted.
        let _ = kill(process, Signal::SIGKILL);
        let gone = poll(END, || self.process().is_none().then_some(()));
        gone.with_context(|| format!("{} does not end", self.name.host()))
    }

    /// Kills its daemon alone; what keeps the node running starts it again.
    pub(crate) fn kill_daemon(&self) -> anyhow::Result<()> {
        let process = self.process().with_context(|| format!("{} does not run", self.name.host()))?;
        let inside = fs::read_to_string(self.running.join("docker.pid")).context("it has no daemon")?;
        let daemon = in_namespace(process, inside.trim()).context("its daemon is gone")?;
        Ok(kill(daemon, Signal::SIGKILL)?)
    }
}

/// The process that is called `number` in the namespace that `outer` made.
fn in_namespace(outer: Pid, number: &str) -> Option<Pid> {
    let space = fs::read_link(format!("/proc/{outer}/ns/pid_for_children")).ok()?;
    let all = fs::read_dir("/proc").ok()?.flatten();
    let mut inside =
        all.filter(|entry| fs::read_link(entry.path().join("ns/pid")).is_ok_and(|of| of == space));
    let found = inside.find(|entry| {
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        numbers.and_then(|numbers| numbers.split_whitespace().last()) == Some(number)
    })?;
    found.file_name().to_str()?.parse().ok().map(Pid::from_raw)
}

/// Removes the groups of processes that are no more; those of others are not empty, and stay.
fn remove_cgroups(name: &str) {
    let Ok(kinds) = fs::read_dir(CGROUPS) else { return };
    let kinds = kinds.flatten().map(|kind| kind.path());
    kinds.chain([PathBuf::from(CGROUPS)]).for_each(|kind| remove_group(&kind.join(name)));
}

fn remove_group(group: &Path) {
    for inner in fs::read_dir(group).into_iter().flatten().flatten() {
        if inner.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_group(&inner.path());
        }
    }
    // The last process of it may be on its way out; an empty group is no harm.
    let _ = fs::remove_dir(group);
}
