//! Starts the command, away from the settings and data of whoever runs the tests.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// The command in an empty home.
pub(crate) fn simulay(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulay"));
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home);
    // Nothing listens there: these tests are about life without Docker.
    command.env("DOCKER_HOST", format!("unix://{}", home.join("no-docker.sock").display()));
    command
}

/// The command in an empty home, with so many `files` open at the most.
pub(crate) fn simulay_with_files(home: &Path, files: u32) -> Command {
    let plain = simulay(home);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]).arg(plain.get_program());
    command.env_clear().current_dir(home);
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Runs the command to its end.
pub(crate) fn run<const N: usize>(home: &Path, arguments: [impl AsRef<OsStr>; N]) -> Output {
    simulay(home).args(arguments).output().unwrap()
}

/// Standard error as text.
pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Standard output as text.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
