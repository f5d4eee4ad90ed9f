//! The registry that plugins are pushed to in the tests: Debian's, unpacked, not installed, since an
//! installed one would begin to serve.

use std::fs;

use anyhow::Context as _;

use crate::packages::apt_get;
use crate::place::Place;
use crate::process::{log, which};
use crate::step::step;

const PACKAGE: &str = "docker-registry";

/// Puts the program `docker-registry` among the tools, unless the machine has one.
pub(super) fn ensure(place: &Place) -> anyhow::Result<()> {
    let folder = place.made("tools")?.join("registry");
    if which(PACKAGE).is_some() || folder.join("usr/bin").join(PACKAGE).is_file() {
        return Ok(());
    }
    let file = place.made("registry.log")?;
    step(&format!("unpacking {PACKAGE}"), || {
        let download = tempfile::tempdir()?;
        log(apt_get()?.arg("update"), &file)?;
        // Else the download is given to a user who may not write here.
        let unconfined = "APT::Sandbox::User=root";
        log(apt_get()?.args(["-o", unconfined, "download", PACKAGE]).current_dir(&download), &file)?;
        let package = fs::read_dir(&download)?.next().context("nothing was downloaded")??.path();
        log(std::process::Command::new("dpkg-deb").arg("-x").arg(package).arg(&folder), &file)
    })
}
