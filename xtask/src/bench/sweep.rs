//! How a host bears a sweep of many points: how fast they queue, what it holds of them, how it answers, and how fast they
//! end. No container is started, so that Docker bounds nothing.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::figures::{Target, Times, show};
use super::program::Program;
use crate::holding::Holding;
use crate::place::Place;
use crate::process::poll;
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

/// A pipeline whose runs wait for a container, and one whose runs start none.
const WAITING: &str = "heat-equation";
const QUICK: &str = "mischief";
/// One run is begun, and looks for Docker for ever: all others wait.
const WITHOUT_DOCKER: &str =
    "max_active = 1\nmax_attempts = 1000000\n[docker]\naddress = \"unix:///nowhere.sock\"\n";
const READY: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(3600);
const LOOKS: usize = 200;
const MIB: f64 = 1_048_576.0;

/// How much of it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    program: Program,
    /// The ID of an image for `octave`, instead of one that is built.
    #[arg(long, value_name = "ID")]
    image: Option<String>,
    /// Points of a sweep.
    #[arg(long, default_value_t = 10_000)]
    points: u32,
}

/// Measures a host built for release.
pub(super) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let known = arguments.image.as_deref().map(ImageId::known);
    let octave = known.map_or_else(|| setup::everything(place), Ok)?;
    let program = arguments.program.path(place)?;
    let scene = Scene { place, octave, program, points: arguments.points };
    scene.waiting()?;
    scene.quick()
}

/// Where it happens.
struct Scene<'a> {
    place: &'a Place,
    octave: ImageId,
    program: PathBuf,
    points: u32,
}

impl Scene<'_> {
    /// A directory with room for so many points, and `more` of `[runs]`.
    fn data(&self, more: &str) -> anyhow::Result<tempfile::TempDir> {
        let (data, points) = (tempfile::tempdir()?, self.points);
        let bounds = format!("max_unfinished = 1000000\nmax_sweep_points = {points}");
        let settings = format!("[runs]\n{bounds}\n{more}[log]\nfilter = \"warn\"\n");
        fs::write(data.path().join("simulay.toml"), settings)?;
        Ok(data)
    }

    fn start(&self, data: &tempfile::TempDir) -> anyhow::Result<Server> {
        let log = self.place.made("server.log")?;
        Server::start_program(&self.program, &log, data.path(), &self.octave, &[])
    }

    fn begin(&self, data: &tempfile::TempDir, pipeline: &str) -> anyhow::Result<(Server, Host)> {
        let server = self.start(data)?;
        let host = Host::new(server.url()).within(READY);
        let (status, answer) = host.upload(&fs::read(self.place.plugin(pipeline))?)?;
        ensure!(status < 300, "the plugin is refused: {answer}");
        Ok((server, host))
    }

    /// A sweep all of whose runs wait.
    fn waiting(&self) -> anyhow::Result<()> {
        let points = self.points;
        println!("\na sweep of {points} points that wait");
        let data = self.data(WITHOUT_DOCKER)?;
        let (server, host) = self.begin(&data, WAITING)?;
        let body = json!({ "method": { "sobol": { "points": points } }, "seed": 1, "parameters": {
            "/width_m": { "range": { "from": 0.05, "to": 0.5 } },
            "/height_m": { "range": { "from": 0.05, "to": 0.5, "scale": "log" } } } });
        let before = Holding::of(server.pid())?;
        show("memory before", before.bytes as f64 / MIB, "MiB", &Target::Below(120.0));
        let begun = Instant::now();
        host.post(&format!("/v1/pipelines/{WAITING}/sweeps/preview"), &body)?;
        show("preview, each point checked", begun.elapsed().as_secs_f64(), "s", &Target::Below(5.0));
        let path = create(&host, WAITING, &body)?;
        let begun = Instant::now();
        until(&host, &path, |sweep| count(sweep, &["waiting"]) == 0)?;
        let queued = begun.elapsed().as_secs_f64();
        show("until all of them wait", queued, "s", &Target::Below(10.0));
        println!("  {:.0} points queued a second", f64::from(points) / queued);
        look(&host, &path, points, &server)?;

        server.kill()?;
        let begun = Instant::now();
        let server = self.start(&data)?;
        let host = Host::new(server.url()).within(READY);
        poll(READY, || host.get("/healthz").ok()).context("the host does not answer")?;
        show("start with them until it answers", begun.elapsed().as_secs_f64(), "s", &Target::Below(2.0));
        look(&host, &path, points, &server)?;
        let begun = Instant::now();
        host.post(&format!("{path}/cancel"), &json!({}))?;
        // The one that looks for Docker bears its absence for a while.
        until(&host, &path, |sweep| count(sweep, &["queued"]) == 0)?;
        show("until all that wait are cancelled", begun.elapsed().as_secs_f64(), "s", &Target::Below(60.0));
        memory(&server)?;
        server.stop()
    }

    /// A sweep with a rule that is never met, whose runs end as soon as they begin.
    fn quick(&self) -> anyhow::Result<()> {
        let points = self.points;
        println!("\na sweep of {points} points that end at once, with a rule that is not met");
        let data = self.data("")?;
        let (server, host) = self.begin(&data, QUICK)?;
        let range = json!({ "from": 1, "to": points, "steps": points });
        let body = json!({ "method": { "grid": {} }, "parameters": { "/n": { "range": range } },
            "fixed": { "do": "nothing" }, "stop": { "outcome": "/never", "above": 0 } });
        let path = create(&host, QUICK, &body)?;
        let begun = Instant::now();
        until(&host, &path, |sweep| state(sweep) == "succeeded")?;
        let time = begun.elapsed().as_secs_f64();
        println!("  all ended after {time:.1} s: {:.0} points a second", f64::from(points) / time);
        look(&host, &path, points, &server)?;
        server.stop()
    }
}

/// Starts a sweep; its path.
fn create(host: &Host, pipeline: &str, body: &Value) -> anyhow::Result<String> {
    let begun = Instant::now();
    let sweep = host.post(&format!("/v1/pipelines/{pipeline}/sweeps"), body)?;
    show("answer to the sweep, each point checked", begun.elapsed().as_secs_f64(), "s", &Target::Below(5.0));
    let id = sweep.get("id").and_then(Value::as_str).context("the host gave no id of a sweep")?;
    Ok(format!("/v1/sweeps/{id}"))
}

fn until(host: &Host, path: &str, is_there: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
    poll(PATIENCE, || host.get(path).ok().filter(|sweep| is_there(sweep)))
        .context("the sweep does not come there")
        .map(drop)
}

fn state(sweep: &Value) -> &str {
    sweep.get("state").and_then(Value::as_str).unwrap_or_default()
}

fn count(sweep: &Value, states: &[&str]) -> u64 {
    let count = |state: &&str| sweep.pointer(&format!("/counts/{state}")).and_then(Value::as_u64);
    states.iter().filter_map(count).sum()
}

/// How the host answers who looks at the sweep, and what it holds.
fn look(host: &Host, path: &str, points: u32, server: &Server) -> anyhow::Result<()> {
    let (mut shown, mut listed) = (Times::default(), Times::default());
    for number in 0..LOOKS {
        let begun = Instant::now();
        host.get(path)?;
        shown.add(begun.elapsed());
        let from = number as u64 * u64::from(points) / LOOKS as u64;
        let begun = Instant::now();
        host.get(&format!("{path}/points?limit=100&outcomes=/done&cursor={from}"))?;
        listed.add(begun.elapsed());
    }
    show("the sweep with its counts, p99", shown.within(990), "ms", &Target::Below(50.0));
    show("100 points with an outcome, p99", listed.within(990), "ms", &Target::Below(100.0));
    let begun = Instant::now();
    let table = host.csv(&format!("{path}/points?outcomes=/done"))?;
    let lines = table.lines().count();
    ensure!(lines == points as usize + 1, "the table of {points} points has {lines} lines");
    show("all points as a table", begun.elapsed().as_secs_f64(), "s", &Target::Below(5.0));
    memory(server)
}

fn memory(server: &Server) -> anyhow::Result<()> {
    let holding = Holding::of(server.pid())?;
    show("memory", holding.bytes as f64 / MIB, "MiB", &Target::Below(300.0));
    show("the most that it ever was", holding.most_bytes as f64 / MIB, "MiB", &Target::Below(300.0));
    Ok(())
}
