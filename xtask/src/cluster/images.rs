//! The images of the services: built by this machine's daemon, loaded into each node, since there is no registry.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, bail};

use super::node::Node;
use crate::build;
use crate::packages;
use crate::place::Place;
use crate::process::{joined, log, read};
use crate::setup::{self, ImageId, Recipe, inspect};
use crate::step::step;

/// The server that stands in for MongoDB, as its package is called.
const SERVER: &str = "secantusdb";
const SIMULAY: &str = "simulay/simulay:local";
/// Made from Debian's packages alone.
const FROM_DEBIAN: [&str; 2] = ["nginx", "redis"];

/// What the services need.
pub(super) struct Images {
    octave: ImageId,
    all: Vec<String>,
}

/// Builds those that are not there.
pub(super) fn ensure(place: &Place) -> anyhow::Result<Images> {
    let cure = "install a C compiler for musl, then try again";
    packages::ensure(place, &["musl-gcc"], &["musl-tools"], cure)?;
    let octave = setup::with_image(place, || build::static_host(place).map(drop))?;
    setup::ensure_base(place)?;
    let program = fs::read(place.static_host()).context("simulay is not built")?;
    let simulay = recipe(place, "simulay")?.with_program("simulay", program);
    let mut all = vec![octave.as_str().to_owned(), built(place, &simulay, SIMULAY.to_owned())?];
    for name in FROM_DEBIAN {
        all.push(built(place, &recipe(place, name)?, format!("simulay/{name}:local"))?);
    }
    let mongodb = recipe(place, "mongodb-test")?.with_folder(&wheels(place)?, Path::new("wheels"))?;
    all.push(built(place, &mongodb, "simulay/mongodb-test:local".to_owned())?);
    Ok(Images { octave, all })
}

impl Images {
    /// What the files of the services leave open.
    pub(super) fn variables(&self) -> [(&'static str, &str); 2] {
        [("SIMULAY_IMAGE", SIMULAY), ("SIMULAY_OCTAVE", self.octave.as_str())]
    }

    /// Copies to each node what it does not have.
    pub(super) fn load(&self, nodes: &[Node]) -> anyhow::Result<()> {
        thread::scope(|scope| {
            let loads: Vec<_> = nodes.iter().map(|node| scope.spawn(|| self.load_into(node))).collect();
            loads.into_iter().try_for_each(joined)
        })
    }

    fn load_into(&self, node: &Node) -> anyhow::Result<()> {
        for image in &self.all {
            let id = inspect(image, "{{.Id}}").with_context(|| format!("Docker does not have {image}"))?;
            if !has(node, image, &id)? {
                copy(image, node)?;
            }
        }
        Ok(())
    }
}

fn has(node: &Node, image: &str, id: &str) -> anyhow::Result<bool> {
    let mut list = node.docker();
    list.args(["image", "ls", "--all", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
    let listed = read(&mut list)?;
    let is_named = |name: &str| name == image || image == id;
    Ok(listed.lines().filter_map(|line| line.split_once(' ')).any(|(name, at)| at == id && is_named(name)))
}

fn copy(image: &str, node: &Node) -> anyhow::Result<()> {
    let mut saving = Command::new("docker").args(["save", image]).stdout(Stdio::piped()).spawn()?;
    let saved = saving.stdout.take().context("`docker save` has no output")?;
    let loaded = read(node.docker().args(["load", "--quiet"]).stdin(saved));
    let status = saving.wait()?;
    loaded?;
    if !status.success() {
        bail!("`docker save {image}` failed ({status})");
    }
    Ok(())
}

fn recipe(place: &Place, name: &str) -> anyhow::Result<Recipe> {
    Recipe::of(&place.root().join("deploy/images").join(name))
}

fn built(place: &Place, recipe: &Recipe, tag: String) -> anyhow::Result<String> {
    if !recipe.is_built(&tag) {
        recipe.build(place, &tag)?;
    }
    Ok(tag)
}

/// The packages of the server that stands in for MongoDB, for the Python of its image.
fn wheels(place: &Place) -> anyhow::Result<std::path::PathBuf> {
    let folder = place.made("tools")?.join(SERVER);
    if fs::read_dir(&folder).is_ok_and(|mut files| files.next().is_some()) {
        return Ok(folder);
    }
    step(&format!("fetching {SERVER}"), || {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--pre",
            "--only-binary=:all:",
            "--python-version",
            "3.13",
        ]);
        for platform in ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"] {
            pip.args(["--platform", platform]);
        }
        log(pip.arg("--dest").arg(&folder).arg(SERVER), &place.made("setup.log")?)
    })?;
    Ok(folder)
}
