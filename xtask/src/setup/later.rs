//! Programs that only a later Debian has, unpacked among the tools and not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::packages::apt_get;
use crate::place::Place;
use crate::process::log;
use crate::step::step;

const RELEASE: &str = "trixie";
const SOURCES: &str = "/etc/apt/sources.list.d/debian.sources";

/// The folder of `package` among the tools, unpacked unless it is there.
pub(crate) fn ensure(place: &Place, package: &str) -> anyhow::Result<PathBuf> {
    let folder = place.made("tools")?.join(package);
    if folder.is_dir() {
        return Ok(folder);
    }
    let file = place.made("setup.log")?;
    step(&format!("unpacking {package} of {RELEASE}"), || {
        let download = tempfile::tempdir()?;
        let lists = prepare(download.path())?;
        log(apt_get()?.args(&lists).arg("update"), &file)?;
        log(apt_get()?.args(&lists).args(["download", package]).current_dir(&download), &file)?;
        let unpacked = folder.with_extension("partly");
        log(Command::new("dpkg-deb").arg("-x").arg(downloaded(download.path())?).arg(&unpacked), &file)?;
        Ok(fs::rename(unpacked, &folder)?)
    })?;
    Ok(folder)
}

/// Lists of packages of its own, from where this machine gets its packages: what apt knows here stays as it is.
fn prepare(folder: &Path) -> anyhow::Result<Vec<String>> {
    let sources = fs::read_to_string(SOURCES).with_context(|| format!("{SOURCES} cannot be read"))?;
    let own = fs::read_to_string("/etc/os-release")?;
    let own = own
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .context("no name of this release")?;
    for inner in ["parts", "state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(inner))?;
    }
    fs::write(folder.join("parts/later.sources"), sources.replace(own, RELEASE))?;
    let at = |inner: &str| folder.join(inner).display().to_string();
    Ok(vec![
        "-oDir::Etc::SourceList=/dev/null".to_owned(),
        format!("-oDir::Etc::SourceParts={}", at("parts")),
        format!("-oDir::State={}", at("state")),
        format!("-oDir::Cache={}", at("cache")),
        // Else the download is given to a user who may not write here.
        "-oAPT::Sandbox::User=root".to_owned(),
    ])
}

fn downloaded(folder: &Path) -> anyhow::Result<PathBuf> {
    let files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut packages = files.filter(|file| file.extension().is_some_and(|extension| extension == "deb"));
    packages.next().context("nothing was downloaded")
}
