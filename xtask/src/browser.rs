//! The page in a browser: Chromium without a head, against real hosts with a real Octave.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::build;
use crate::packages;
use crate::page;
use crate::place::Place;
use crate::process::{run, which};
use crate::setup::{self, ImageId};
use crate::step::say;

/// Screens that the documents show, as the suite calls their pictures and as the documents do.
const SHOWN: [(&str, &str); 5] = [
    ("new-run-preview", "new-run"),
    ("run-light", "run"),
    ("compare-heat", "compare"),
    ("sweep-heat", "sweep"),
    ("version-gate", "version"),
];
/// The largest of these pictures, so that a clone of the sources stays small.
const MOST_BYTES: u64 = 200_000;

/// Sets up and runs the suite; `pictures` go into the documents.
pub(crate) fn execute(place: &Place, pictures: bool) -> anyhow::Result<()> {
    let octave = setup::everything(place)?;
    packages::ensure(place, &["chromium"], &["chromium"], "install Chromium, then try again")?;
    prove(place, &octave)?;
    if pictures { show(place) } else { Ok(()) }
}

fn show(place: &Place) -> anyhow::Result<()> {
    let folder = place.root().join("docs/pictures");
    fs::create_dir_all(&folder)?;
    for (taken, shown) in SHOWN {
        let (from, to) = (place.made("screens")?.join(taken), folder.join(shown));
        let (from, to) = (from.with_extension("png"), to.with_extension("png"));
        let bytes = fs::copy(&from, to).with_context(|| format!("the suite took no picture {taken}"))?;
        ensure!(bytes <= MOST_BYTES, "{} is larger than {MOST_BYTES} bytes", from.display());
    }
    Ok(())
}

/// Runs the browser suite; what it saw lies as pictures under the target directory.
pub(crate) fn prove(place: &Place, octave: &ImageId) -> anyhow::Result<()> {
    if which("node").is_none() || which("chromium").is_none() {
        say("Node or Chromium is not here: the page is NOT tested in a browser");
        return Ok(());
    }
    let folder = place.root().join("tests/browser");
    page::install(place, &folder)?;
    let mut tests = Command::new("node");
    tests.args(["--test", "--test-concurrency=1", "--test-reporter=spec", "tests/"]).current_dir(&folder);
    tests.env("SIMULAY", place.simulay()).env("SIMULAY_PLUGINS", place.plugins());
    tests.env("SIMULAY_BUILD_PATH", build::path_without_node(place)?);
    tests.env("SIMULAY_TEST_IMAGE", octave.as_str()).env("SIMULAY_SCREENS", place.made("screens")?);
    run(&mut tests)
}
