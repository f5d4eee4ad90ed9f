//! The compiler's targets.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::place::{INIT_TARGET, PLUGIN_TARGET, Place};
use crate::process::{log, read, which};
use crate::step::step;

/// Adds the targets that are missing.
pub(super) fn ensure(place: &Place) -> anyhow::Result<()> {
    let missing = missing()?;
    if missing.is_empty() {
        return Ok(());
    }
    if which("rustup").is_none() {
        bail!("Rust cannot build for {}; install these targets", missing.join(" and "));
    }
    step(&format!("adding the targets {}", missing.join(" and ")), || {
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add"]).args(&missing).current_dir(place.root());
        log(&mut rustup, &place.made("setup.log")?)
    })
}

/// The targets whose standard library is not there.
fn missing() -> anyhow::Result<Vec<&'static str>> {
    let root = read(Command::new("rustc").args(["--print", "sysroot"]))?;
    let folder = Path::new(root.trim()).join("lib/rustlib");
    let lacks_library = |target: &&str| !folder.join(target).join("lib").is_dir();
    Ok([PLUGIN_TARGET, INIT_TARGET].into_iter().filter(lacks_library).collect())
}
