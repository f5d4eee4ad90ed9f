//! A host at work on this machine, for as long as it is held.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::place::Place;
use crate::process::{poll, tail};
use crate::setup::ImageId;

const STOP: Duration = Duration::from_secs(40);
const ADDRESS: &str = "listening on ";

/// `simulay serve` on a free port.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    url: String,
    // Held, so that what it says later goes somewhere.
    output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a host that keeps its data in `data` and knows `octave` as this image.
    pub(crate) fn start(place: &Place, data: &Path, octave: &ImageId) -> anyhow::Result<Self> {
        Self::start_with(place, data, octave, &[])
    }

    /// The same with further variables in its environment.
    pub(crate) fn start_with(
        place: &Place,
        data: &Path,
        octave: &ImageId,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::start_program(&place.simulay(), &place.made("server.log")?, data, octave, variables)
    }

    /// The same with another build of the command, and its log elsewhere.
    pub(crate) fn start_program(
        program: &Path,
        log: &Path,
        data: &Path,
        octave: &ImageId,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut serve = Command::new(program);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        serve.env("SIMULAY__IMAGES__OCTAVE", octave.as_str()).current_dir(data);
        serve.envs(variables.iter().copied());
        Self::spawn(&mut serve, log.to_owned())
    }

    fn spawn(serve: &mut Command, log: PathBuf) -> anyhow::Result<Self> {
        let file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut child = serve.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn()?;
        let output = BufReader::new(child.stdout.take().context("the host has no output")?);
        let mut server = Self { child, log, url: String::new(), output };
        server.url = server.read_address()?;
        Ok(server)
    }

    /// The first line that tells the address.
    fn read_address(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        while self.output.read_line(&mut line)? > 0 {
            if let Some(url) = line.trim().strip_prefix(ADDRESS) {
                return Ok(url.to_owned());
            }
            line.clear();
        }
        bail!("the host did not start:\n{}\n({})", tail(&self.log), self.log.display())
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// True once its process has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        match self.terminate() {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("the host ended with {status}; see {}", self.log.display()),
            None => bail!("the host did not stop within {} s; see {}", STOP.as_secs(), self.log.display()),
        }
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn terminate(&mut self) -> Option<ExitStatus> {
        let ended = self.child.try_wait().ok().flatten();
        if ended.is_some() {
            return ended;
        }
        // It may end just now; that is what is wanted.
        let _ = kill(Pid::from_raw(self.child.id().try_into().ok()?), Signal::SIGTERM);
        poll(STOP, || self.child.try_wait().ok().flatten())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.terminate().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> anyhow::Result<Server> {
        Server::spawn(Command::new("sh").args(["-c", script]), folder.join("log"))
    }

    #[test]
    fn the_address_is_read_and_the_host_stops() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 0' TERM; echo hello; echo listening on http://127.0.0.1:1; while :; do sleep 0.1; done";
        let server = shell(script, folder.path()).unwrap();
        assert_eq!(server.url(), "http://127.0.0.1:1");
        server.stop().unwrap();
    }

    #[test]
    fn a_host_that_does_not_start_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let error = shell("echo no disk >&2; exit 1", folder.path()).err().unwrap();
        assert!(error.to_string().contains("no disk"), "{error}");
    }

    #[test]
    fn a_host_that_stops_badly_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 7' TERM; echo listening on x; while :; do sleep 0.1; done";
        assert!(shell(script, folder.path()).unwrap().stop().unwrap_err().to_string().contains('7'));
    }
}
