//! Starting a worker, and all that is known of it.

use std::io::{self, IoSlice, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use simulay_model::{Chain, Digest};
use simulay_sandbox::{ReadArtifacts, SandboxSettings};

use crate::cache::Cache;
use crate::confine::Role;
use crate::wire::{Channel, Hello, Question, Reply, Setup};

/// A worker is ready in milliseconds; a machine may be busy.
const START: Duration = Duration::from_secs(30);
const STARTS: u32 = 3;
const HELLO_BYTES: u64 = 64 << 10;
const LAST_WORDS: u64 = 4 << 10;

/// The program that is a worker: one that calls [`crate::work`] first.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Where it lies.
    pub program: PathBuf,
    /// What makes it a worker.
    pub arguments: Vec<String>,
}

impl Launch {
    /// This program again, with `arguments`: also when its file was replaced meanwhile.
    #[must_use]
    pub fn same_program(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Self { program: PathBuf::from("/proc/self/exe"), arguments }
    }

    /// A new worker. One that dies before it is ready has seen no plugin: another takes its place.
    pub(super) fn start(&self, role: Role, settings: &SandboxSettings) -> io::Result<Worker> {
        for _ in 1..STARTS {
            match self.try_start(role, settings) {
                Ok(worker) => return Ok(worker),
                Err(error) => tracing::warn!(%error, "starting another"),
            }
        }
        self.try_start(role, settings)
    }

    /// A worker has no environment, and no files but two sockets and a pipe for last words.
    fn try_start(&self, role: Role, settings: &SandboxSettings) -> io::Result<Worker> {
        let (host, socket) = UnixStream::pair()?;
        let (code, code_socket) = UnixDatagram::pair()?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().current_dir("/");
        command.stdin(OwnedFd::from(socket)).stdout(OwnedFd::from(code_socket)).stderr(Stdio::piped());
        let child = Process(command.spawn()?);
        drop(command);
        let kill = Kill(Arc::new(child.handle()?));
        let loaded = Cache::new(settings.cached_plugins);
        let mut channel = Channel::new(host.into())?;
        match greet(&mut channel, role, settings) {
            Ok(hello) => Ok(Worker { channel, code, child, kill, hello, loaded }),
            Err(error) => Err(io::Error::other(format!("a worker does not start: {error}; {}", child.end()))),
        }
    }
}

fn greet(channel: &mut Channel, role: Role, settings: &SandboxSettings) -> io::Result<Hello> {
    channel.set_patience(Some(START))?;
    channel.send(&Setup { role, settings: settings.clone() })?;
    let hello = channel.receive(HELLO_BYTES)?;
    channel.set_patience(None)?;
    Ok(hello)
}

/// A running worker; it ends when this is dropped.
pub(super) struct Worker {
    // Goes first: a worker whose host is gone ends by itself.
    channel: Channel,
    code: UnixDatagram,
    child: Process,
    kill: Kill,
    hello: Hello,
    /// What it has loaded; it forgets in the same order.
    loaded: Cache<()>,
}

impl Worker {
    /// What it said when it started.
    pub(super) const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// What ends it from elsewhere.
    pub(super) fn kill(&self) -> Kill {
        self.kill.clone()
    }

    /// Whether it runs.
    pub(super) fn lives(&mut self) -> bool {
        matches!(self.child.0.try_wait(), Ok(None))
    }

    /// Whether it can call `plugin` at once.
    pub(super) fn has(&self, plugin: Digest) -> bool {
        self.loaded.get(plugin).is_some()
    }

    /// Gives it the code of `plugin`, unless it has it.
    pub(super) fn load(&mut self, plugin: Digest, code: &OwnedFd) -> io::Result<()> {
        if self.has(plugin) {
            return Ok(());
        }
        self.channel.send(&Question::Load(plugin))?;
        let files = [code.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&files));
        sendmsg(&self.code, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL)?;
        self.loaded.put(plugin, ());
        Ok(())
    }

    /// Asks; reads artifacts for it, at most `read` bytes at once, until it answers.
    pub(super) fn ask(
        &mut self,
        question: &Question,
        limit: u64,
        read: u64,
        artifacts: &dyn ReadArtifacts,
    ) -> io::Result<Reply> {
        self.channel.send(question)?;
        loop {
            match self.channel.receive(limit)? {
                Reply::Read { length, .. } if length > read => {
                    return Err(io::Error::other("it read more than it may"));
                }
                Reply::Read { artifact, offset, length } => {
                    self.channel.send(&part(artifacts.read(artifact, offset, length)))?;
                }
                reply => return Ok(reply),
            }
        }
    }

    /// Ends it; tells how.
    pub(super) fn end(self) -> Death {
        self.child.end()
    }
}

fn part(read: io::Result<Vec<u8>>) -> Question {
    match read {
        Ok(bytes) => Question::Part(bytes.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Question::NoArtifact,
        Err(error) => Question::ReadFault(Chain(&error).to_string()),
    }
}

/// Ends one process, and never another that got its number.
#[derive(Clone)]
pub(super) struct Kill(Arc<OwnedFd>);

impl Kill {
    /// Ends it now.
    pub(super) fn kill(&self) {
        // It may be gone already.
        pidfd_send_signal(&self.0, Signal::KILL).ok();
    }
}

/// A child that does not outlive its handle.
struct Process(Child);

impl Process {
    fn handle(&self) -> io::Result<OwnedFd> {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        Ok(pidfd_open(pid.ok_or(io::ErrorKind::NotFound)?, PidfdFlags::empty())?)
    }

    fn end(mut self) -> Death {
        // A process that died of itself keeps its own status.
        self.0.kill().ok();
        let status = self.0.wait().ok();
        let mut words = Vec::new();
        if let Some(stderr) = self.0.stderr.take() {
            stderr.take(LAST_WORDS).read_to_end(&mut words).ok();
        }
        Death { status, words: String::from_utf8_lossy(&words).trim().to_owned() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// How a worker ended.
#[derive(Debug)]
pub(super) struct Death {
    /// What the system says.
    pub(super) status: Option<ExitStatus>,
    /// What it said at last.
    pub(super) words: String,
}

impl std::fmt::Display for Death {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.status {
            Some(status) => write!(formatter, "{status}: {:?}", self.words),
            None => write!(formatter, "unknown: {:?}", self.words),
        }
    }
}
