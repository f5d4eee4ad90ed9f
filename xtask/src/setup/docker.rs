//! A Docker daemon that answers. One that this did not start is never touched.

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::packages;
use crate::place::Place;
use crate::process::{administrative, ends_well, poll, tail};
use crate::step::{say, step};

const USUAL: &str = "unix:///var/run/docker.sock";
const ANSWER: Duration = Duration::from_secs(10);
const START: Duration = Duration::from_secs(60);
const PROGRAM: &str = "dockerd";
/// Files that name a process, and its program. One left by a machine that stopped hinders a start.
const PROCESS_FILES: [(&str, &str); 2] =
    [("/var/run/docker.pid", PROGRAM), ("/var/run/docker/containerd/containerd.pid", "containerd")];

/// Starts a daemon when none answers.
pub(super) fn ensure(place: &Place) -> anyhow::Result<()> {
    if answers() {
        return Ok(());
    }
    if let Some(address) =
        env::var("DOCKER_HOST").ok().filter(|address| !address.is_empty() && address != USUAL)
    {
        bail!("no Docker daemon answers at {address}; start it, or unset DOCKER_HOST");
    }
    let cure = "install Docker and start its daemon, then try again";
    packages::ensure(place, &["dockerd", "docker"], &["docker.io", "iptables", "debootstrap"], cure)?;
    if answers() {
        return Ok(());
    }
    if !nix::unistd::geteuid().is_root() {
        bail!("no Docker daemon answers at {USUAL}, and only root can start one: {cure}");
    }
    step("starting dockerd", || start(place))
}

/// True when the daemon answers.
fn answers() -> bool {
    ends_well(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]), ANSWER)
}

/// Starts the daemon and waits until it answers; it goes on when this program ends.
fn start(place: &Place) -> anyhow::Result<()> {
    let file = place.made("dockerd.log")?;
    let mut daemon = if is_starting(&PROCESS_FILES) { None } else { Some(spawn(place, &file)?) };
    let answered = poll(START, || {
        if answers() {
            return Some(true);
        }
        has_ended(daemon.as_mut()).then_some(false)
    });
    match answered {
        Some(true) => Ok(()),
        Some(false) => bail!("dockerd ended:\n{}\n({})", tail(&file), file.display()),
        None => bail!("dockerd does not answer within {} s; see {}", START.as_secs(), file.display()),
    }
}

fn spawn(place: &Place, file: &Path) -> anyhow::Result<Child> {
    let log = File::create(file).with_context(|| format!("{} cannot be written", file.display()))?;
    // A session of its own: a Ctrl-C here does not reach it.
    let mut daemon = administrative("setsid")?;
    daemon.arg(PROGRAM).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let child = daemon.spawn().context("dockerd cannot be started")?;
    fs::write(place.made("dockerd.pid")?, child.id().to_string())?;
    say(&format!("dockerd is process {}, its log is {}", child.id(), file.display()));
    Ok(child)
}

fn has_ended(daemon: Option<&mut Child>) -> bool {
    daemon.is_some_and(|child| matches!(child.try_wait(), Ok(Some(_)) | Err(_)))
}

/// True when a daemon is on its way, e.g. since its package starts it. Clears what a dead one left.
fn is_starting(files: &[(&str, &str)]) -> bool {
    let mut alive = false;
    for (file, program) in files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let runs = is_program(text.trim(), program);
        alive |= runs && *program == PROGRAM;
        if !runs {
            // Not being able to remove it shows in the daemon's own log.
            let _ = fs::remove_file(file);
        }
    }
    alive
}

/// True when the process with this number runs this program.
fn is_program(process: &str, program: &str) -> bool {
    let number = process.parse::<u32>().ok();
    let name = number.and_then(|number| fs::read_to_string(format!("/proc/{number}/comm")).ok());
    name.is_some_and(|name| name.trim() == program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_program() {
        let own = std::process::id().to_string();
        let name = fs::read_to_string("/proc/self/comm").unwrap();
        assert!(is_program(&own, name.trim()));
        assert!(!is_program(&own, "dockerd"));
        assert!(!is_program("../self", name.trim()));
    }

    #[test]
    fn what_a_dead_daemon_left_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("docker.pid");
        fs::write(&file, std::process::id().to_string()).unwrap();
        let name = file.to_str().unwrap();
        let own = fs::read_to_string("/proc/self/comm").unwrap();
        assert!(!is_starting(&[(name, own.trim())]) && file.exists());
        assert!(!is_starting(&[(name, PROGRAM)]) && !file.exists());
    }
}
