//! Sends the host all that a hostile author may send, with innocent runs beside it, and looks at how it
//! bears it.

mod crowd;
mod damage;

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};
use simulay_hostile::{DEEDS, Upload, uploads};

use crate::place::Place;
use crate::process::run;
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

/// Between two looks at the host's health.
const LOOK: Duration = Duration::from_millis(10);

/// How much of it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The command to attack, instead of the one built by set-up.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Image with Octave that the host is given, instead of setting everything up.
    #[arg(long, value_name = "ID", requires = "program")]
    image: Option<String>,
    /// Shipped plugins to damage.
    #[arg(long = "plugin", value_name = "NAME", value_parser = damage::SHIPPED, default_values = damage::SHIPPED)]
    plugins: Vec<String>,
    /// Damaged copies of each of them.
    #[arg(long, default_value_t = 200)]
    mutations: u32,
    /// Seed of the damage.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Damaged copies sent at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Ends the damage after so many minutes, however many copies were sent.
    #[arg(long)]
    minutes: Option<u64>,
    /// Sends nothing but damaged copies, with no runs beside them.
    #[arg(long)]
    damage_only: bool,
    /// Clients that follow a large log and do not read on.
    #[arg(long, default_value_t = 500)]
    followers: usize,
    /// Slow readers, and as many slow uploaders.
    #[arg(long, default_value_t = 1_100)]
    slow: usize,
    /// Sends nothing but slow clients.
    #[arg(long, conflicts_with = "damage_only")]
    crowd_only: bool,
}

/// What came of everything.
#[derive(Debug, Default)]
struct Tally {
    sent: u32,
    wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, name: &str, answer: &Answer, kinds: &[&str]) {
        self.sent += 1;
        if !kinds.contains(&answer.kind.as_str()) {
            self.wrong.push(format!("{name}: {} {}", answer.status, answer.kind));
        }
        println!("  {name:38} {:24} {:7.0} ms", answer.kind, answer.took.as_secs_f64() * 1e3);
    }

    /// Fails when anything was not as it must be.
    fn verdict(&self) -> anyhow::Result<()> {
        if self.wrong.is_empty() { Ok(()) } else { bail!("{}", self.wrong.join("\n")) }
    }
}

struct Answer {
    status: u16,
    kind: String,
    took: Duration,
}

/// Sets up and sends it all.
pub(crate) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let known = arguments.image.as_deref().map(ImageId::known);
    let octave = known.map_or_else(|| setup::everything(place), Ok)?;
    prove(place, &octave, arguments)
}

/// What the tests do, where everything is set up: every upload and deed, and a little damage.
pub(crate) fn short(place: &Place, octave: &ImageId) -> anyhow::Result<()> {
    let little = Arguments {
        program: None,
        image: None,
        plugins: damage::SHIPPED.map(str::to_owned).to_vec(),
        mutations: 200,
        seed: 1,
        jobs: 2,
        minutes: None,
        damage_only: false,
        followers: 500,
        slow: 1_100,
        crowd_only: false,
    };
    prove(place, octave, &little)
}

/// Sends it all and prints what came of it; fails when anything is not as it must be.
fn prove(place: &Place, octave: &ImageId, arguments: &Arguments) -> anyhow::Result<()> {
    if !arguments.damage_only {
        crowd::measure(place, octave, arguments)?;
    }
    if arguments.crowd_only {
        return Ok(());
    }
    let data = tempfile::tempdir()?;
    let (usual, log) = (place.simulay(), place.made("server.log")?);
    let program = arguments.program.as_ref().unwrap_or(&usual);
    let server = Server::start_program(program, &log, data.path(), octave, &[])?;
    if arguments.damage_only {
        return damage_alone(place, server, arguments);
    }
    for name in ["octave-script", "mischief"] {
        let upload = ["plugin", "upload", "--server", server.url()];
        run(Command::new(place.simulay()).args(upload).arg(place.plugin(name)))?;
    }
    let done = AtomicBool::new(false);
    let (tally, innocent, looks) = thread::scope(|scope| {
        let innocent = scope.spawn(|| innocent_runs(server.url(), &done));
        let looks = scope.spawn(|| look_after(server.url(), &done));
        let tally = attack(place, &server, arguments);
        done.store(true, Ordering::Relaxed);
        (tally, innocent.join(), looks.join())
    });
    let lost = || anyhow::anyhow!("a thread of this program panicked");
    let (tally, runs, mut looks) = (tally?, innocent.map_err(|_| lost())??, looks.map_err(|_| lost())??);
    server.stop()?;
    report(arguments, &tally, runs, &mut looks)
}

fn damage_alone(place: &Place, server: Server, arguments: &Arguments) -> anyhow::Result<()> {
    let tally = damage::send(place, &server, arguments)?;
    server.stop()?;
    let (sent, wrong) = (tally.sent, tally.wrong.len());
    println!("seed {}, {sent} damaged copies, {wrong} not as they must be", arguments.seed);
    tally.verdict()
}

fn report(arguments: &Arguments, tally: &Tally, runs: u32, looks: &mut [f64]) -> anyhow::Result<()> {
    looks.sort_by(f64::total_cmp);
    let at =
        |part: usize| looks.get((looks.len() * part / 1000).min(looks.len() - 1)).copied().unwrap_or(0.0);
    println!(
        "seed {}, {} uploads and deeds, {} not as they must be",
        arguments.seed,
        tally.sent,
        tally.wrong.len()
    );
    println!("innocent runs beside them: {runs}, all succeeded");
    println!(
        "GET /healthz: {} looks, p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        looks.len(),
        at(500),
        at(990),
        at(1000)
    );
    tally.verdict()
}

fn attack(place: &Place, server: &Server, arguments: &Arguments) -> anyhow::Result<Tally> {
    let (url, mut tally) = (server.url(), Tally::default());
    for Upload { name, bytes, kinds } in uploads() {
        tally.count(name, &upload(url, &bytes)?, kinds);
    }
    for deed in DEEDS {
        tally.count(deed.name, &misbehave(url, deed.name)?, &[deed.kind.unwrap_or("succeeded")]);
    }
    let damaged = damage::send(place, server, arguments)?;
    tally.sent += damaged.sent;
    tally.wrong.extend(damaged.wrong);
    Ok(tally)
}

fn upload(url: &str, bytes: &[u8]) -> anyhow::Result<Answer> {
    let begun = Instant::now();
    let (status, answer) = Host::new(url).upload(bytes)?;
    Ok(Answer { status, kind: kind_of(status, &answer), took: begun.elapsed() })
}

/// What an upload was answered with.
fn kind_of(status: u16, answer: &Value) -> String {
    let kind = answer.get("kind").and_then(Value::as_str);
    if status < 300 { "accepted" } else { kind.unwrap_or("no kind") }.to_owned()
}

fn misbehave(url: &str, deed: &str) -> anyhow::Result<Answer> {
    let begun = Instant::now();
    let run = Host::new(url).run("mischief", &json!({ "params": { "do": deed } }))?;
    let kind = run.pointer("/error/kind").or_else(|| run.get("state")).and_then(Value::as_str);
    Ok(Answer { status: 200, kind: kind.unwrap_or("no kind").to_owned(), took: begun.elapsed() })
}

/// Runs another plugin until `done`, at least 20 times; how often.
fn innocent_runs(url: &str, done: &AtomicBool) -> anyhow::Result<u32> {
    let host = Host::new(url);
    let mut runs = 0;
    while runs < 20 || !done.load(Ordering::Relaxed) {
        let request = json!({ "params": { "script": "x = 2 * 21", "params": { "n": runs } } });
        let run = host.run("octave-script", &request)?;
        if run.get("state").and_then(Value::as_str) != Some("succeeded") {
            bail!("an innocent run failed: {run}");
        }
        runs += 1;
    }
    Ok(runs)
}

/// Milliseconds of each look at the host's health until `done`.
fn look_after(url: &str, done: &AtomicBool) -> anyhow::Result<Vec<f64>> {
    let host = Host::new(url);
    let mut looks = Vec::new();
    while looks.is_empty() || !done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        host.get("/healthz").context("the host is not healthy")?;
        looks.push(begun.elapsed().as_secs_f64() * 1e3);
        thread::sleep(LOOK);
    }
    Ok(looks)
}
