//! Those who do the same job in their own way: Docker's own command, docker-py, cwltool, and Prefect with docker-py.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::Scene;
use super::python::{self, Client};
use crate::bench::runs::SCRIPT;
use crate::place::Place;
use crate::process::read;
use crate::setup::ImageId;

/// The Octave image without our program at its entry.
const IMAGE: &str = "simulay/octave-peer:latest";
/// The same job as ours.
pub(super) const OCTAVE: [&str; 4] = ["octave-cli", "-qfHW", "--eval", SCRIPT];
const DOCKER_PY: &str = "docker==7.2.0";
const CWLTOOL: &str = "cwltool==3.3.20260925135507";
const PREFECT: &str = "prefect==3.9.1";

/// One of them.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// It takes seconds, and is measured in one of so many rounds.
    pub(super) every: u32,
    way: Way,
}

enum Way {
    Docker,
    Program(Command),
    Client(Client),
}

/// All that can be had here; of the others it is told why not.
pub(super) fn all(scene: &Scene<'_>) -> Vec<Peer> {
    let docker = Ok(Peer { name: "docker run", every: 1, way: Way::Docker });
    let peers = [docker, docker_py(scene.place), cwltool(scene.place), prefect(scene.place)];
    let had = peers
        .into_iter()
        .filter_map(|peer| peer.inspect_err(|error| eprintln!("a peer is left out: {error:#}")).ok());
    had.collect()
}

impl Peer {
    /// How long a job takes.
    pub(super) fn job(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        match &mut self.way {
            Way::Docker => return docker_run(&OCTAVE),
            Way::Program(program) => {
                let output = program.stdout(Stdio::null()).output()?;
                let said = String::from_utf8_lossy(&output.stderr);
                ensure!(output.status.success(), "{} failed: {said}", self.name);
            }
            Way::Client(client) => client.ask().with_context(|| format!("{} failed", self.name))?,
        }
        Ok(begun.elapsed())
    }
}

/// How long `docker run` takes for a command.
pub(super) fn docker_run(command: &[&str]) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    docker_read(command)?;
    Ok(begun.elapsed())
}

/// What a command printed that `docker run` ran.
pub(super) fn docker_read(command: &[&str]) -> anyhow::Result<String> {
    read(Command::new("docker").args(["run", "--rm", "--network", "none", IMAGE]).args(command))
}

/// Makes their image of ours.
pub(super) fn ensure_image(octave: &ImageId) -> anyhow::Result<()> {
    let mut docker = Command::new("docker");
    docker.args(["build", "--quiet", "--tag", IMAGE, "-"]).stdin(Stdio::piped());
    let mut building =
        docker.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("`docker` cannot be started")?;
    let recipe = format!("FROM {octave}\nENV HOME=/tmp\nENTRYPOINT []\n");
    building.stdin.take().context("`docker` takes no input")?.write_all(recipe.as_bytes())?;
    ensure!(building.wait()?.success(), "{IMAGE} cannot be built");
    Ok(())
}

fn docker_py(place: &Place) -> anyhow::Result<Peer> {
    let python = python::ensure(place, "docker-py", &[DOCKER_PY])?.join("bin/python");
    let mut program = Command::new(python);
    program.args(["-c", include_str!("peers/docker_py.py"), IMAGE]).args(OCTAVE);
    Ok(Peer { name: "docker-py", every: 1, way: Way::Client(Client::start(&mut program)?) })
}

/// As it is used: a command for a job. It writes down what the job is first.
fn cwltool(place: &Place) -> anyhow::Result<Peer> {
    let folder = python::ensure(place, "cwltool", &[CWLTOOL])?;
    let job = folder.join("job.cwl");
    let tool = json!({ "cwlVersion": "v1.2", "class": "CommandLineTool", "baseCommand": OCTAVE,
        "requirements": { "DockerRequirement": { "dockerPull": IMAGE } }, "inputs": [], "outputs": [] });
    fs::write(&job, tool.to_string())?;
    let mut program = Command::new(folder.join("bin/cwltool"));
    program.args(["--quiet", "--outdir"]).arg(folder.join("out")).arg(job);
    Ok(Peer { name: "cwltool", every: 4, way: Way::Program(program) })
}

/// With a server of its own, which it starts with the first flow and ends with itself.
fn prefect(place: &Place) -> anyhow::Result<Peer> {
    let folder = python::ensure(place, "prefect", &[PREFECT, DOCKER_PY])?;
    let mut program = Command::new(folder.join("bin/python"));
    program.args(["-c", include_str!("peers/prefect_flow.py"), IMAGE]).args(OCTAVE);
    program.env("PREFECT_HOME", folder.join("home")).env("PREFECT_LOGGING_LEVEL", "WARNING");
    program.env("PREFECT_SERVER_ANALYTICS_ENABLED", "false").env("DO_NOT_TRACK", "1");
    program.stderr(fs::File::create(place.made("prefect.log")?)?);
    Ok(Peer { name: "Prefect with docker-py", every: 4, way: Way::Client(Client::start(&mut program)?) })
}
