//! Runs other programs.

use std::fs::{self, OpenOptions};
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

const POLL: Duration = Duration::from_millis(50);
const SHOWN_LINES: usize = 30;

/// Runs a program that shows its own output.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    check(command, status)
}

/// Runs a program and gives what it printed.
pub(crate) fn read(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    check(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", name(command)))
}

/// Runs a program whose output goes to the end of the file `log`; a failure shows its last lines.
pub(crate) fn log(command: &mut Command, log: &Path) -> anyhow::Result<()> {
    let file = OpenOptions::new().create(true).append(true).open(log);
    let file = file.with_context(|| format!("{} cannot be written", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = command.status().with_context(|| cannot_start(command))?;
    check(command, status).with_context(|| format!("{}\n({})", tail(log), log.display()))
}

/// True when a program ends well within `bound`; it is stopped when it does not.
pub(crate) fn ends_well(command: &mut Command, bound: Duration) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let ended = poll(bound, || child.try_wait().ok().flatten());
    if ended.is_none() {
        // It may have ended meanwhile; either way it is reaped.
        let _ = child.kill();
        let _ = child.wait();
    }
    ended.is_some_and(|status| status.success())
}

/// Asks until there is an answer, for as long as `bound`.
pub(crate) fn poll<T>(bound: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + bound;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        std::thread::sleep(POLL);
    }
}

/// Where a program lies, if it is installed.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A program of the administrator's, which finds others of its kind.
pub(crate) fn administrative(program: &str) -> anyhow::Result<Command> {
    let file = which(program).with_context(|| format!("`{program}` is not installed"))?;
    let mut command = Command::new(file);
    command.env("PATH", std::env::join_paths(folders())?);
    Ok(command)
}

/// Where programs are looked for; not every root has the administrator's among them.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    folders.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders
}

/// The last lines of a file.
pub(crate) fn tail(file: &Path) -> String {
    let text = fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default().join("\n")
}

fn check(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", shown(command))
}

fn cannot_start(command: &Command) -> String {
    format!("`{}` cannot be started", name(command))
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// What a thread came to; its panic goes on here.
pub(crate) fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_what_was_printed_last() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        let error = log(Command::new("sh").args(["-c", "echo why; exit 3"]), &file).unwrap_err();
        let told = format!("{error:#}");
        assert!(told.contains("why") && told.contains("exit status: 3"), "{told}");
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        assert!(ends_well(&mut Command::new("true"), Duration::from_secs(60)));
        assert!(!ends_well(&mut Command::new("false"), Duration::from_secs(60)));
        assert!(!ends_well(Command::new("sleep").arg("1000"), Duration::ZERO));
        assert!(!ends_well(&mut Command::new("/nowhere/at/all"), Duration::ZERO));
    }

    #[test]
    fn programs_are_found_by_name() {
        assert!(which("sh").is_some());
        assert!(which("no-program-has-this-name").is_none());
        assert!(administrative("no-program-has-this-name").is_err());
        assert!(
            read(administrative("sh").unwrap().args(["-c", "echo $PATH"])).unwrap().contains("/usr/sbin")
        );
    }
}
