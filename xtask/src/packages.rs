//! Packages of the operating system.

use std::process::Command;

use anyhow::bail;

use crate::place::Place;
use crate::process::{administrative, log, which};
use crate::step::step;

/// Installs packages when one of `programs` is missing; `cure` says what to do where this cannot.
pub(crate) fn ensure(place: &Place, programs: &[&str], packages: &[&str], cure: &str) -> anyhow::Result<()> {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| which(program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if which("apt-get").is_none() || !nix::unistd::geteuid().is_root() {
        bail!("{} is missing, and only root with apt-get can install it here: {cure}", missing.join(" and "));
    }
    let file = place.made("setup.log")?;
    step(&format!("installing {}", packages.join(", ")), || {
        log(apt_get()?.arg("update"), &file)?;
        log(apt_get()?.args(["install", "-y", "--no-install-recommends"]).args(packages), &file)
    })
}

/// Debian's installer, which asks nothing.
pub(crate) fn apt_get() -> anyhow::Result<Command> {
    let mut apt_get = administrative("apt-get")?;
    apt_get.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(apt_get)
}
