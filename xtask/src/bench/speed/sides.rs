//! Hosts at work, and when they are calm: whoever measures waits until a container waits and nothing else goes on.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::Scene;
use crate::process::{poll, read};
use crate::rest::Host;
use crate::server::Server;

const READY: Duration = Duration::from_secs(60);
/// For containers to be made and removed.
const CALM: Duration = Duration::from_secs(120);
const WITHOUT_POOL: (&str, &str) = ("SIMULAY__POOL__MAX_CONTAINERS", "0");

/// A host.
pub(super) struct Side {
    pub(super) host: Host,
    server: Server,
    data: TempDir,
    is_pooled: bool,
}

impl Side {
    /// A host with containers that wait, and with `plugins`.
    pub(super) fn warm(
        scene: &Scene<'_>,
        plugins: &[&str],
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::start(scene, ("bench-warm.log", true), plugins, variables)
    }

    /// A host with none.
    pub(super) fn cold(scene: &Scene<'_>, plugins: &[&str]) -> anyhow::Result<Self> {
        Self::start(scene, ("bench-cold.log", false), plugins, &[WITHOUT_POOL])
    }

    fn start(
        scene: &Scene<'_>,
        (log, is_pooled): (&str, bool),
        plugins: &[&str],
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let log = scene.place.made(log)?;
        let server = Server::start_program(&scene.program, &log, data.path(), &scene.octave, variables)?;
        let host = Host::new(server.url());
        poll(READY, || host.get("/readyz").ok()).context("the host is not ready")?;
        for plugin in plugins {
            let (status, answer) = host.upload(&fs::read(scene.place.plugin(plugin))?)?;
            ensure!(status < 300, "the plugin is refused: {answer}");
        }
        Ok(Self { host, server, data, is_pooled })
    }

    /// Where its data is.
    pub(super) fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Returns once a container waits where some do, none is being made and none of an earlier call is left. To be asked
    /// after a first run.
    pub(super) fn calm(&self) -> anyhow::Result<()> {
        let calm = || self.is_calm().ok().filter(|calm| *calm);
        poll(CALM, calm).context("the host does not become calm").map(drop)
    }

    fn is_calm(&self) -> anyhow::Result<bool> {
        let system = self.host.get("/v1/system")?;
        let classes = system.pointer("/nodes/0/pool/classes").and_then(Value::as_array);
        let count = |field: &str| {
            let counts = classes.into_iter().flatten().filter_map(|class| class.get(field)?.as_u64());
            counts.sum::<u64>()
        };
        let (ready, in_making) = (count("ready"), count("in_making"));
        Ok(in_making == 0 && self.containers()? == ready && (ready > 0 || !self.is_pooled))
    }

    /// How many containers there are of it.
    fn containers(&self) -> anyhow::Result<u64> {
        let instance = fs::read_to_string(self.data.path().join("instance"))?;
        let id = instance.lines().next().context("the host has no instance")?;
        let filter = format!("label=org.simulay.instance={id}");
        let listed = read(Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]))?;
        Ok(listed.lines().count() as u64)
    }

    /// Asks it to stop, and waits until it has.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.server.stop()
    }
}
