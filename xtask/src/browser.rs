//! The page in a browser: Chromium without a head, against real hosts with a real Octave.

use std::process::Command;

use crate::page;
use crate::place::Place;
use crate::process::{run, which};
use crate::setup::ImageId;
use crate::step::say;

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
    tests.env("SIMULAY_TEST_IMAGE", octave.as_str()).env("SIMULAY_SCREENS", place.made("screens")?);
    run(&mut tests)
}
