//! The images we ship.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::recipe::{Recipe, inspect};
use crate::digest;
use crate::packages;
use crate::place::Place;
use crate::process::{administrative, ends_well, log, read, run};
use crate::step::{say, step};

/// Release of Debian the image is made of.
const RELEASE: &str = "trixie";
const BASE: &str = "debian:trixie-slim";
const TAG: &str = "simulay/octave:latest";
/// The name that tests look for when they are run without `cargo xtask test`.
const TEST_TAG: &str = "simulay/octave:dev";
/// Tells a host which simulay-init is in an image.
const INIT_LABEL: &str = "org.simulay.init";
const PULL: Duration = Duration::from_secs(60);

/// ID of an image: `sha256:` and 64 digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageId(String);

impl ImageId {
    /// The image of this ID.
    pub(crate) fn known(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// As Docker writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Builds the Octave image unless one of the same recipe is there; simulay-init must be built.
pub(crate) fn ensure(place: &Place) -> anyhow::Result<ImageId> {
    let init = fs::read(place.init()).context("simulay-init is not built")?;
    let recipe = Recipe::of(&place.root().join("images/octave"))?
        .with_label(INIT_LABEL, digest::sha256(&init))
        .with_program("simulay-init", init);
    if !recipe.is_built(TAG) {
        ensure_base(place)?;
        recipe.build(place, TAG)?;
    }
    run(Command::new("docker").args(["tag", TAG, TEST_TAG]))?;
    let id = inspect(TAG, "{{.Id}}").with_context(|| format!("Docker does not have {TAG}"))?;
    say(&format!("the image {TAG} is {id}"));
    Ok(ImageId(id))
}

/// Lists the image as `octave` in a data directory.
pub(crate) fn register(place: &Place, data: &Path) -> anyhow::Result<()> {
    let mut simulay = Command::new(place.simulay());
    run(simulay.args(["images", "register", "octave", TAG, "--data"]).arg(data))
}

/// Pulls the base image, or makes it from the distribution's packages.
pub(crate) fn ensure_base(place: &Place) -> anyhow::Result<()> {
    if inspect(BASE, "{{.Id}}").is_some() {
        return Ok(());
    }
    say(&format!("pulling the image {BASE} …"));
    if ends_well(Command::new("docker").args(["pull", BASE]), PULL) {
        return Ok(());
    }
    say(&format!("{BASE} cannot be pulled"));
    let cure = "install debootstrap, or load that image into Docker";
    packages::ensure(place, &["debootstrap"], &["debootstrap"], cure)?;
    if !nix::unistd::geteuid().is_root() {
        bail!("only root can make {BASE} with debootstrap: load that image into Docker");
    }
    step(&format!("making the image {BASE} with debootstrap"), || bootstrap(place))
}

fn bootstrap(place: &Place) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(place.made("")?)?;
    let system = folder.path().join(RELEASE);
    let mut debootstrap = administrative("debootstrap")?;
    debootstrap.args(["--variant=minbase", RELEASE]).arg(&system);
    log(&mut debootstrap, &place.made("setup.log")?)?;
    import(&system)
}

fn import(system: &Path) -> anyhow::Result<()> {
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(system).args(["-c", "."]).stdout(Stdio::piped());
    let mut packing = tar.spawn().context("`tar` cannot be started")?;
    let packed = packing.stdout.take().context("`tar` has no output")?;
    let imported = read(Command::new("docker").args(["import", "-", BASE]).stdin(packed));
    let status = packing.wait()?;
    imported?;
    if !status.success() {
        bail!("`tar` failed ({status}); {BASE} may lack files: remove it with `docker rmi {BASE}`");
    }
    Ok(())
}
