//! Programs in Python, each with packages of its own, which are installed below the target directory and nowhere else.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;

use crate::place::Place;
use crate::process::log;
use crate::step::step;

/// The folder of a Python with `packages`, which come from PyPI unless the same are there.
pub(super) fn ensure(place: &Place, name: &str, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = place.made("peers")?.join(name);
    let (mark, wanted) = (folder.join("installed"), packages.join("\n"));
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    let file = place.made("peers.log")?;
    step(&format!("installing {} from PyPI into {}", packages.join(", "), folder.display()), || {
        log(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), &file)?;
        log(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(packages), &file)
    })?;
    fs::write(&mark, wanted)?;
    Ok(folder)
}

/// A program that is asked by lines and answers by lines, for as long as it is held.
pub(super) struct Client {
    child: Child,
    // Closed, it ends.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    pub(super) fn start(program: &mut Command) -> anyhow::Result<Self> {
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("a program has no output")?);
        Ok(Self { child, input, output })
    }

    /// Has it do what it does for a line, and waits until it tells that it is done.
    pub(super) fn ask(&mut self) -> anyhow::Result<()> {
        self.input.as_mut().context("a program takes no input")?.write_all(b"\n")?;
        self.line().map(drop)
    }

    /// The next line that it tells.
    pub(super) fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        anyhow::ensure!(line.ends_with('\n'), "a program ended");
        Ok(line.trim().to_owned())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input = None;
        // It ends with its input.
        let _ = self.child.wait();
    }
}
