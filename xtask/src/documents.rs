//! Runs the commands of the documents, as a reader would.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::place::Place;
use crate::process::{joined, poll, tail};
use crate::setup::{self, ImageId};
use crate::step::step;

/// What one document may take.
const BOUND: Duration = Duration::from_secs(900);
/// The address that documents name; each is given one of its own instead.
const USUAL: &str = "127.0.0.1:7373";
/// Tells which line failed: the script has the lines of its document.
const PRELUDE: &str = r#"set -eE; trap 'echo "$1:$LINENO: this failed: $BASH_COMMAND" >&2' ERR; . "$2""#;
/// Commands that compile a component and run it, which takes long in some languages.
const LONG: [&str; 2] = ["simulay plugin test", "simulay serve"];

/// How much of the documents is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    /// Without blocks that run a component: the tests of the command do so with the same templates.
    Short,
}

/// Sets up, and runs every document.
pub(crate) fn execute(place: &Place) -> anyhow::Result<()> {
    let image = setup::everything(place)?;
    run_all(place, &image, Form::Whole)
}

/// Runs what no other test runs of the documents; the image and the command must be there.
pub(crate) fn short(place: &Place, octave: &ImageId) -> anyhow::Result<()> {
    run_all(place, octave, Form::Short)
}

/// Runs the documents, two at a time: they wait for tools and containers as much as they work.
fn run_all(place: &Place, octave: &ImageId, form: Form) -> anyhow::Result<()> {
    let mut documents = Vec::new();
    find(&place.root().join("docs"), &mut documents)?;
    documents.sort();
    let left = Mutex::new(documents.into_iter());
    thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(|| run_from(place, octave, form, &left)));
        workers.into_iter().try_for_each(joined)
    })
}

/// Runs documents until none is left.
fn run_from(
    place: &Place,
    octave: &ImageId,
    form: Form,
    left: &Mutex<impl Iterator<Item = PathBuf>>,
) -> anyhow::Result<()> {
    loop {
        let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(document) = next else { return Ok(()) };
        let script = script(&fs::read_to_string(&document)?, form);
        if !script.trim().is_empty() {
            let shown = document.strip_prefix(place.root()).unwrap_or(&document).display().to_string();
            step(&format!("following {shown}"), || follow(place, octave, &shown, &script))?;
        }
    }
}

fn find(folder: &Path, documents: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, documents)?;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            documents.push(path);
        }
    }
    Ok(())
}

/// The lines of the `sh` blocks at the places they have in the document; all others empty.
fn script(document: &str, form: Form) -> String {
    let mut script = String::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        script.push('\n');
        if !is_fence(line) {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| !is_fence(line)).collect();
        let runs = line.trim() == "```sh" && (form == Form::Whole || !is_long(&block));
        for command in block {
            script.push_str(if runs { command } else { "" });
            script.push('\n');
        }
        script.push('\n');
    }
    script
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

fn is_long(block: &[&str]) -> bool {
    block.iter().any(|line| LONG.iter().any(|long| line.starts_with(long)))
}

/// Runs a script in an empty folder, with a house and an address of its own.
fn follow(place: &Place, octave: &ImageId, shown: &str, script: &str) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let (work, programs) = (home.path().join("work"), home.path().join("bin"));
    fs::create_dir(&work)?;
    fs::create_dir(&programs)?;
    std::os::unix::fs::symlink(place.simulay(), programs.join("simulay"))?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let file = home.path().join("script.sh");
    fs::write(&file, script.replace(USUAL, &address).replace("localhost:7373", &address))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&path)))?;
    let mut bash = Command::new("bash");
    bash.args(["-c", PRELUDE, "bash", shown]).arg(&file).current_dir(&work).env("PATH", path);
    bash.env("XDG_DATA_HOME", home.path().join("data")).env("SIMULAY_SERVER", format!("http://{address}"));
    bash.env("SIMULAY__SERVER__LISTEN", &address).env("SIMULAY__IMAGES__OCTAVE", octave.as_str());
    bash.env("SIMULAY_TOOLS", place.made("tools")?).env("SIMULAY_PLUGINS", place.plugins());
    obey(&mut bash, shown, &place.made(&format!("{}.log", shown.replace('/', "-")))?)
}

/// Runs `bash` within the bound, with its output in a file, and ends what it left at work.
fn obey(bash: &mut Command, shown: &str, log: &Path) -> anyhow::Result<()> {
    let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
    bash.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut child = bash.process_group(0).spawn().context("`bash` cannot be started")?;
    let group = Pid::from_raw(child.id().try_into()?);
    let status = poll(BOUND, || child.try_wait().ok().flatten());
    // Servers in the background; none may be left.
    let _ = killpg(group, Signal::SIGKILL);
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("{shown} cannot be followed ({status}):\n{}\n({})", tail(log), log.display()),
        None => {
            child.wait()?;
            bail!("{shown} takes longer than {} s:\n{}", BOUND.as_secs(), tail(log))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_keep_their_lines() {
        let document = "# A\n```sh\na\nb\n```\n```text\nc\n```\n```sh\nd\n```\n";
        assert_eq!(script(document, Form::Whole), "\n\na\nb\n\n\n\n\n\nd\n\n");
    }

    #[test]
    fn the_short_form_runs_no_component() {
        let document = "```sh\na\n```\n```sh\n./build\nsimulay plugin test x\n```\n```sh\nb\n```\n";
        assert_eq!(script(document, Form::Short), "\na\n\n\n\n\n\n\nb\n\n");
        assert_eq!(script(document, Form::Whole), "\na\n\n\n./build\nsimulay plugin test x\n\n\nb\n\n");
    }

    #[test]
    fn the_first_command_that_fails_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let told = |text: &str| {
            let file = folder.path().join("script");
            fs::write(&file, text).unwrap();
            let mut bash = Command::new("bash");
            bash.args(["-c", PRELUDE, "bash", "a.md"]).arg(&file).current_dir(folder.path());
            obey(&mut bash, "a.md", &folder.path().join("log"))
        };
        assert!(told("\n\ntrue\nX=1\n").is_ok());
        let error = told("\nfalse\ntouch reached\n").unwrap_err();
        assert!(error.to_string().contains("a.md:2: this failed: false"), "{error}");
        assert!(!folder.path().join("reached").exists());
    }
}
