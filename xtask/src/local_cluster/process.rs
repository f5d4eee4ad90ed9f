//! A process that is started, killed, frozen and started again, always at the same address.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::{poll, tail};

/// For a process to listen.
const START: Duration = Duration::from_secs(60);
/// For it to end when it is asked to.
const STOP: Duration = Duration::from_secs(20);

/// How a process is started.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// What it is called.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Its environment, beside that of this program.
    pub(crate) variables: Vec<(String, String)>,
    /// Where it works.
    pub(crate) folder: PathBuf,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The end of what it said.
    pub(crate) log: PathBuf,
}

/// A process of a cluster; ended when dropped.
pub(crate) struct Process {
    recipe: Recipe,
    child: Option<Child>,
}

impl Process {
    /// Starts it, and returns once it listens.
    pub(crate) fn start(recipe: Recipe) -> anyhow::Result<Self> {
        let mut process = Self { recipe, child: None };
        process.revive()?;
        Ok(process)
    }

    /// Starts it again after a kill, and returns once it listens.
    pub(crate) fn revive(&mut self) -> anyhow::Result<()> {
        let Recipe { name, program, arguments, variables, folder, address, log } = &self.recipe;
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = Command::new(program);
        command.args(arguments).envs(variables.iter().cloned()).current_dir(folder);
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        let child = self.child.insert(child);
        let listens = poll(START, || match child.try_wait() {
            Ok(None) => TcpStream::connect(address).ok().map(|_| true),
            _ => Some(false),
        });
        if listens != Some(true) {
            bail!("{name} does not listen at {address}:\n{}\n({})", tail(log), log.display());
        }
        Ok(())
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.reap();
    }

    /// Stops it in the middle, as a machine that swaps or a debugger does.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        let Some(child) = &mut self.child else { return };
        if poll(STOP, || child.try_wait().ok().flatten()).is_none() {
            self.kill();
        }
        self.child = None;
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().and_then(|child| child.id().try_into().ok());
        // It may end just now.
        let _ = pid.map(|pid| kill(Pid::from_raw(pid), signal));
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A free port of this machine. Another process may take it before it is used; then that start is told so.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0));
    let listener = listener.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!("no port is free"),
        _ => error.into(),
    })?;
    Ok(listener.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_killed_and_started_again_at_its_address() {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address().unwrap());
        let recipe = Recipe {
            name: "files".to_owned(),
            program: "python3".into(),
            arguments: ["-m", "http.server", "--bind", "127.0.0.1", &address.port().to_string()]
                .map(String::from)
                .to_vec(),
            variables: Vec::new(),
            folder: folder.path().to_owned(),
            address,
            log: folder.path().join("log"),
        };
        let mut process = Process::start(recipe).unwrap();
        process.kill();
        assert!(TcpStream::connect(address).is_err());
        process.revive().unwrap();
        assert!(TcpStream::connect(address).is_ok());
        process.stop();
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn what_does_not_start_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe {
            name: "broken".to_owned(),
            program: "sh".into(),
            arguments: ["-c", "echo no disk >&2; exit 1"].map(String::from).to_vec(),
            variables: Vec::new(),
            folder: folder.path().to_owned(),
            address: free_address().unwrap(),
            log: folder.path().join("log"),
        };
        let error = Process::start(recipe).err().unwrap().to_string();
        assert!(error.contains("no disk"), "{error}");
    }
}
