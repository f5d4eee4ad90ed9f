//! Starts a command.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::Pid;

use crate::sleeper::Sleeper;
use crate::user::User;

/// A command that was started.
pub(crate) struct Started {
    /// Its first process, the leader of its group.
    pub(crate) first: Pid,
    /// What shares its memory, if anything does.
    pub(crate) sleeper: Option<Sleeper>,
    pub(crate) stdout: File,
    pub(crate) stderr: File,
}

impl Started {
    /// None when it has not both streams.
    pub(crate) fn of(child: Child) -> Option<Self> {
        let first = pid(&child);
        let (stdout, stderr) = (OwnedFd::from(child.stdout?), OwnedFd::from(child.stderr?));
        Some(Self { first, sleeper: None, stdout: stdout.into(), stderr: stderr.into() })
    }
}

/// The process of a child.
pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Starts a command as the leader of a group and as `user`, with `env` and nothing else.
pub(crate) fn start<'a>(
    command: &[String],
    env: impl Iterator<Item = &'a (String, String)>,
    user: User,
) -> io::Result<Child> {
    let mut command = prepare(command, env)?;
    user.start_as(&mut command);
    spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// Starts a command alike that has nothing but a socket.
pub(crate) fn start_on<'a>(
    socket: OwnedFd,
    command: &[String],
    env: impl Iterator<Item = &'a (String, String)>,
) -> io::Result<Child> {
    spawn(prepare(command, env)?.stdin(socket).stdout(Stdio::null()).stderr(Stdio::null()))
}

fn prepare<'a>(command: &[String], env: impl Iterator<Item = &'a (String, String)>) -> io::Result<Command> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(env.map(|(name, value)| (name, value))).process_group(0);
    Ok(command)
}

fn spawn(command: &mut Command) -> io::Result<Child> {
    // A signal mask is inherited; the command must not be deaf to SIGTERM.
    let blocked = SigSet::all().thread_swap_mask(SigmaskHow::SIG_UNBLOCK)?;
    let child = command.spawn();
    blocked.thread_set_mask()?;
    child
}
