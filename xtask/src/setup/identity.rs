//! The provider of identities that people sign in at in the tests.

use std::fs;
use std::process::Command;

use anyhow::Context as _;

use crate::place::Place;
use crate::process::{log, run};
use crate::step::{say, step};

/// Puts the provider among the tools, unless the same is there.
pub(super) fn ensure(place: &Place) -> anyhow::Result<()> {
    let source = place.root().join("host/simulay/tests/identity-provider");
    let target = place.made("tools")?.join("identity-provider");
    let wanted = fs::read_to_string(source.join("package.json")).context("the provider is not there")?;
    let mark = target.join("wanted");
    fs::create_dir_all(&target).with_context(|| format!("{} cannot be made", target.display()))?;
    run(Command::new("cp").arg(source.join("package.json")).arg(source.join("server.mjs")).arg(&target))?;
    if fs::read_to_string(&mark).is_ok_and(|fetched| fetched == wanted) {
        say("the provider of identities is there");
        return Ok(());
    }
    step("fetching a provider of identities", || {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]);
        log(npm.current_dir(&target), &place.made("identity-provider.log")?)
    })?;
    fs::write(&mark, wanted).with_context(|| format!("{} cannot be written", mark.display()))
}
