//! Starts a command.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{SigSet, SigmaskHow};

/// Starts a command as the leader of a group, with `env` and nothing else.
pub(crate) fn start<'a>(
    command: &[String],
    env: impl Iterator<Item = &'a (String, String)>,
) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    // A signal mask is inherited; the command must not be deaf to SIGTERM.
    let blocked = SigSet::all().thread_swap_mask(SigmaskHow::SIG_UNBLOCK)?;
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(env.map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    blocked.thread_set_mask()?;
    child
}
