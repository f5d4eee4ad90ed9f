//! Kills the host again and again while it works, then looks whether anything was lost or doubled.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use fastrand::Rng;
use serde_json::Value;

use super::witness::Witness;
use super::work::{self, Work};
use crate::place::Place;
use crate::rest::{Host, has_ended};
use crate::server::Server;
use crate::setup::{self, ImageId};

/// Runs kept at work, so that every kill hits something.
const UNFINISHED: usize = 20;
const LONGEST_LIFE_MS: u64 = 3_000;
/// The time in which everything accepted must end after the last start.
const PATIENCE: Duration = Duration::from_secs(300);
/// Kills in the short form.
const SHORT: u32 = 12;

/// How long, and which way.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Goes on for this long.
    #[arg(long, conflicts_with = "kills")]
    minutes: Option<u64>,
    /// Kills this often.
    #[arg(long)]
    kills: Option<u32>,
    /// Seed of the moments and the work.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Sets up and kills.
pub(crate) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    prove(place, &setup::everything(place)?, arguments)
}

/// What the tests do, where everything is set up.
pub(crate) fn short(place: &Place, octave: &ImageId) -> anyhow::Result<()> {
    prove(place, octave, &Arguments { minutes: None, kills: None, seed: 1 })
}

/// What the host acknowledged, by run.
type Ledger = HashMap<String, &'static str>;

/// Kills, restarts and checks; fails when a promise was broken.
fn prove(place: &Place, octave: &ImageId, arguments: &Arguments) -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let scene = Scene { place, data: data.path(), octave };
    fs::write(data.path().join("simulay.toml"), "[runs]\nmax_containers = 6\n")?;
    let server = scene.start()?;
    let all = work::prepare(place, server.url())?;
    let references = work::references(&Host::new(server.url()), &all)?;
    let witness = Witness::new(data.path())?;
    let mut rng = Rng::with_seed(arguments.seed);
    let mut ledger = Ledger::new();
    let kills = scene.kill_often(server, arguments, &all, &mut rng, &mut ledger)?;
    let server = scene.start()?;
    let mut broken = judge(&Host::new(server.url()), &ledger, &references)?;
    let (starts, wrong) = witness.judge()?;
    broken.extend(wrong);
    server.stop()?;
    println!(
        "seed {}: {kills} kills, {} runs accepted, {starts} containers started, {} promises broken",
        arguments.seed,
        ledger.len(),
        broken.len()
    );
    if broken.is_empty() { Ok(()) } else { bail!("{}", broken.join("\n")) }
}

/// Where it happens.
struct Scene<'a> {
    place: &'a Place,
    data: &'a Path,
    octave: &'a ImageId,
}

impl Scene<'_> {
    fn start(&self) -> anyhow::Result<Server> {
        Server::start(self.place, self.data, self.octave)
    }

    /// How often it killed.
    fn kill_often(
        &self,
        mut server: Server,
        arguments: &Arguments,
        all: &[Work],
        rng: &mut Rng,
        ledger: &mut Ledger,
    ) -> anyhow::Result<u32> {
        let begun = Instant::now();
        let goes_on = |kills| match (arguments.minutes, arguments.kills) {
            (Some(minutes), _) => begun.elapsed() < Duration::from_secs(60 * minutes),
            (None, most) => kills < most.unwrap_or(SHORT),
        };
        let mut kills = 0;
        while goes_on(kills) {
            let life = Duration::from_millis(rng.u64(0..LONGEST_LIFE_MS));
            give_work(server.url(), life, all, rng, ledger);
            server.kill()?;
            kills += 1;
            server = self.start()?;
        }
        server.kill()?;
        println!("  {kills} kills in {:.0} s", begun.elapsed().as_secs_f64());
        Ok(kills)
    }
}

/// Asks for runs as long as the host has to live, and writes down what it acknowledged.
fn give_work(url: &str, life: Duration, all: &[Work], rng: &mut Rng, ledger: &mut Ledger) {
    let host = Host::new(url);
    let end = Instant::now() + life;
    while Instant::now() < end {
        let unfinished = host.get("/v1/runs?state=running&limit=50").ok();
        let busy = unfinished.as_ref().and_then(|list| list.get("runs")).and_then(Value::as_array);
        if busy.is_some_and(|runs| runs.len() < UNFINISHED) {
            let Some(work) = rng.choice(all) else { return };
            // What was not acknowledged was not promised.
            if let Ok(id) = host.create(work.pipeline, &work.request) {
                ledger.insert(id, work.pipeline);
            }
        }
        thread::sleep(
            Duration::from_millis(rng.u64(1..60)).min(end.saturating_duration_since(Instant::now())),
        );
    }
}

/// Waits until all accepted runs have ended, and says which promises were broken.
fn judge(
    host: &Host,
    ledger: &Ledger,
    references: &HashMap<&'static str, Value>,
) -> anyhow::Result<Vec<String>> {
    let end = Instant::now() + PATIENCE;
    let mut broken = Vec::new();
    for (number, (id, pipeline)) in ledger.iter().enumerate() {
        let expected = references.get(pipeline).context("no reference")?;
        broken.extend(
            judge_run(host, id, expected, end).err().map(|why| format!("run {id} of {pipeline}: {why}")),
        );
        if number % 50 == 49 {
            println!("  {} of {} runs looked at", number + 1, ledger.len());
        }
    }
    Ok(broken)
}

fn judge_run(host: &Host, id: &str, expected: &Value, end: Instant) -> anyhow::Result<()> {
    let run = loop {
        let run = host.get(&format!("/v1/runs/{id}")).context("it is lost")?;
        if has_ended(&run) {
            break run;
        }
        if Instant::now() > end {
            bail!("it does not end");
        }
        thread::sleep(Duration::from_millis(100));
    };
    if work::outcome(&run)? != *expected {
        bail!("it has another outcome than the undisturbed one");
    }
    let events = host.events(id)?;
    let gapless = events.iter().zip(1..).all(|((sequence, _), number)| *sequence == number);
    let ends = events.iter().filter(|(_, kind)| kind == "run.ended").count();
    let last = events.last().is_some_and(|(_, kind)| kind == "run.ended");
    if gapless && ends == 1 && last { Ok(()) } else { bail!("its events are not in order: {events:?}") }
}
