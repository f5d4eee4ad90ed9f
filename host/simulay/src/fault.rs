//! How the command ends.

use std::process::ExitCode;

/// The command line asks for something that cannot be meant; ends with 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Something the command was asked to do, or look at, failed.
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
const USAGE: u8 = 2;
/// Ctrl-C ended the command.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code for `error`.
pub(crate) fn code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
}

/// True when whoever read our output has gone: nothing is wrong then.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let ios = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    ios.into_iter().any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
