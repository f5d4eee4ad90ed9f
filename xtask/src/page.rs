//! The page: built from its sources, and proved to be what they give.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::place::Place;
use crate::process::{log, run, which};
use crate::setup::ImageId;
use crate::step::{say, step};

/// The OpenAPI document that a test keeps, from which the types of the routes are made.
const DOCUMENT: &str = "host/api/tests/it/snapshots/it__documents__openapi.snap";
const TYPES: &str = "src/lib/schema.d.ts";

/// Builds the page anew: dependencies as they are pinned, types, checks, tests, files to commit.
pub(crate) fn build(place: &Place) -> anyhow::Result<()> {
    let folder = sources(place);
    install(place, &folder)?;
    write_types(place, &folder, &folder.join(TYPES))?;
    for script in ["check", "test", "build"] {
        run(npm(&folder).args(["run", script]))?;
    }
    Ok(())
}

/// Builds it apart and compares: what is committed must be what the sources give.
pub(crate) fn prove(place: &Place, _: &ImageId) -> anyhow::Result<()> {
    if which("node").is_none() || which("npm").is_none() {
        say("Node is not here: whether the built page is that of its sources is NOT checked");
        return Ok(());
    }
    let folder = sources(place);
    install(place, &folder)?;
    for script in ["check", "test"] {
        run(npm(&folder).args(["run", script]))?;
    }
    let types = place.made("schema.d.ts")?;
    write_types(place, &folder, &types)?;
    let built = place.made("page")?;
    run(npm(&folder).args(["run", "build", "--", "--emptyOutDir", "--outDir"]).arg(&built))?;
    let same = fs::read(types)? == fs::read(folder.join(TYPES))?;
    match difference(&folder.join("dist"), &built)? {
        None if same => Ok(()),
        None => bail!(
            "host/page/{TYPES} is not what the OpenAPI document gives: `cargo xtask page` makes it anew"
        ),
        Some(name) => {
            bail!("host/page/dist/{name} is not what the sources give: `cargo xtask page` builds it anew")
        }
    }
}

fn sources(place: &Place) -> PathBuf {
    place.root().join("host/page")
}

/// `npm`, at work in a folder; no script of a dependency ever runs.
pub(crate) fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder).env("npm_config_ignore_scripts", "true");
    npm
}

/// Fetches what the lock file names, unless the same is there.
pub(crate) fn install(place: &Place, folder: &Path) -> anyhow::Result<()> {
    let lock = fs::read(folder.join("package-lock.json")).context("the lock file cannot be read")?;
    let mark = folder.join("node_modules/.simulay-lock");
    if fs::read(&mark).is_ok_and(|fetched| fetched == lock) {
        return Ok(());
    }
    step(&format!("fetching what {} is built with", folder.display()), || {
        log(npm(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]), &place.made("npm.log")?)
    })?;
    fs::write(&mark, lock).with_context(|| format!("{} cannot be written", mark.display()))
}

/// Writes the types of all routes.
fn write_types(place: &Place, folder: &Path, to: &Path) -> anyhow::Result<()> {
    let kept =
        fs::read_to_string(place.root().join(DOCUMENT)).context("the OpenAPI document cannot be read")?;
    let (_, document) = kept.rsplit_once("\n---\n").context("the snapshot has no document")?;
    let file = place.made("openapi.json")?;
    fs::write(&file, document)?;
    let mut typescript = Command::new(folder.join("node_modules/.bin/openapi-typescript"));
    typescript.arg(&file).args(["--root-types", "--output"]).arg(to);
    log(&mut typescript, &place.made("npm.log")?)
}

/// The first file in which two folders differ.
fn difference(one: &Path, other: &Path) -> anyhow::Result<Option<String>> {
    let (one, other) = (files(one, Path::new(""))?, files(other, Path::new(""))?);
    let differs = |name: &&String| one.get(*name) != other.get(*name);
    Ok(one.keys().chain(other.keys()).find(differs).cloned())
}

fn files(root: &Path, within: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let folder = root.join(within);
    for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        let name = within.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            found.extend(files(root, &name)?);
        } else {
            found.insert(name.display().to_string(), fs::read(entry.path())?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_or_is_missing_is_named() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &other] {
            fs::create_dir(folder.path().join("assets")).unwrap();
            fs::write(folder.path().join("assets/a.js"), "1").unwrap();
        }
        assert_eq!(difference(one.path(), other.path()).unwrap(), None);
        fs::write(other.path().join("assets/a.js"), "2").unwrap();
        assert_eq!(difference(one.path(), other.path()).unwrap().as_deref(), Some("assets/a.js"));
        fs::write(one.path().join("assets/a.js"), "2").unwrap();
        fs::write(other.path().join("b"), "").unwrap();
        assert_eq!(difference(one.path(), other.path()).unwrap().as_deref(), Some("b"));
    }
}
