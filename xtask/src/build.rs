//! Builds the parts of Simulay.

use std::env;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::iter;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::place::{INIT_TARGET, PLUGIN_TARGET, Place};
use crate::process::run;
use crate::step::step;

/// A test that runs the command has it built.
const FAILING: [&str; 7] =
    ["test", "--workspace", "--test", "e2e", "--no-run", "--features", "simulay/fail-points"];

/// Builds the program that runs inside containers: static, small.
pub(crate) fn init(place: &Place) -> anyhow::Result<()> {
    step("building simulay-init", || {
        run(place.cargo().args(["build", "--release", "--target", INIT_TARGET, "-p", "simulay-init"]))
    })
}

/// Builds the command `simulay`, which carries simulay-init. Of the whole workspace, as the tests are, so that
/// what it is made of has the same features and is not compiled twice.
pub(crate) fn host(place: &Place) -> anyhow::Result<()> {
    step("building simulay", || run(place.cargo().args(["build", "--workspace", "--bin", "simulay"])))
}

/// Builds the command with its fail points, as tests are built, and puts it apart from the usual one.
pub(crate) fn failing_host(place: &Place) -> anyhow::Result<PathBuf> {
    let (program, usual) = (place.made("simulay-fail-points")?, place.made("simulay-usual")?);
    step("building simulay with fail points", || {
        fs::rename(place.simulay(), &usual)?;
        let built =
            run(place.cargo().args(FAILING)).and_then(|()| Ok(fs::rename(place.simulay(), &program)?));
        fs::rename(&usual, place.simulay())?;
        built
    })?;
    Ok(program)
}

/// Builds every test, and the command that they start.
pub(crate) fn tests(place: &Place) -> anyhow::Result<()> {
    step("building the tests", || run(cargo_alone(place)?.args(["test", "--workspace", "--no-run"])))
}

/// Builds the command as it is released.
pub(crate) fn release_host(place: &Place) -> anyhow::Result<PathBuf> {
    step("building simulay for release", || {
        run(cargo_alone(place)?.args(["build", "--release", "-p", "simulay", "--bin", "simulay"]))
    })?;
    Ok(place.released())
}

/// Builds the command as it lies in its image: static, so that nothing else needs to be there. Needs a C compiler for musl.
pub(crate) fn static_host(place: &Place) -> anyhow::Result<PathBuf> {
    step("building simulay for its image (the first time takes a while)", || {
        run(cargo_alone(place)?.args([
            "build",
            "--release",
            "--target",
            INIT_TARGET,
            "-p",
            "simulay",
            "--bin",
            "simulay",
        ]))
    })?;
    Ok(place.static_host())
}

/// `cargo`, which may not call Node: the page is built by now, and cargo alone builds everything.
fn cargo_alone(place: &Place) -> anyhow::Result<Command> {
    let mut cargo = place.cargo();
    cargo.env("PATH", path_without_node(place)?);
    Ok(cargo)
}

/// Where programs are found, but for those of Node, which fail.
pub(crate) fn path_without_node(place: &Place) -> anyhow::Result<OsString> {
    let folder = place.made("without-node")?;
    fs::create_dir_all(&folder)?;
    for name in ["node", "npm", "npx"] {
        let program = folder.join(name);
        fs::write(&program, "#!/bin/sh\necho 'Node is not to be called here' >&2\nexit 127\n")?;
        fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(iter::once(folder).chain(env::split_paths(&path)))?)
}

/// Builds every plugin as a component, and puts those that are shipped into a folder of their own.
pub(crate) fn plugins(place: &Place) -> anyhow::Result<()> {
    let names = plugin_names(place)?;
    let mut cargo = place.cargo();
    cargo.args(["build", "--release", "--target", PLUGIN_TARGET]);
    for name in &names {
        cargo.args(["-p", name]);
    }
    cargo.args(["-p", "mischief", "-p", "drawing", "-p", "many-calls"]);
    step("building the plugins", || run(&mut cargo))?;
    gather(place, &names)
}

fn gather(place: &Place, names: &[String]) -> anyhow::Result<()> {
    let folder = place.shipped();
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for component in names.iter().map(|name| place.plugin(name)) {
        let name = component.file_name().context("a component has a name")?;
        fs::copy(&component, folder.join(name))
            .with_context(|| format!("{} cannot be copied", component.display()))?;
    }
    Ok(())
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
