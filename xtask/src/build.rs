//! Builds the parts of Simulay.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::place::{INIT_TARGET, PLUGIN_TARGET, Place};
use crate::process::run;
use crate::step::step;

/// Builds the program that runs inside containers: static, small.
pub(crate) fn init(place: &Place) -> anyhow::Result<()> {
    step("building simulay-init", || {
        run(place.cargo().args(["build", "--release", "--target", INIT_TARGET, "-p", "simulay-init"]))
    })
}

/// Builds the command `simulay`, which carries simulay-init.
pub(crate) fn host(place: &Place) -> anyhow::Result<()> {
    step("building simulay", || run(place.cargo().args(["build", "-p", "simulay"])))
}

/// Builds the command with its fail points; a place of its own keeps it from being taken for the usual one.
pub(crate) fn failing_host(place: &Place) -> anyhow::Result<PathBuf> {
    let program = place.made("simulay-fail-points")?;
    step("building simulay with fail points", || {
        run(place.cargo().args(["build", "-p", "simulay", "--features", "fail-points"]))?;
        fs::copy(place.simulay(), &program)?;
        Ok(())
    })?;
    host(place)?;
    Ok(program)
}

/// Builds every plugin as a component.
pub(crate) fn plugins(place: &Place) -> anyhow::Result<()> {
    let mut cargo = place.cargo();
    cargo.args(["build", "--release", "--target", PLUGIN_TARGET]);
    for name in plugin_names(place)? {
        cargo.args(["-p", &name]);
    }
    cargo.args(["-p", "mischief"]);
    step("building the plugins", || run(&mut cargo))
}

fn plugin_names(place: &Place) -> anyhow::Result<Vec<String>> {
    let folder = place.root().join("plugins");
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
