//! Kills the host again and again while it works, then looks whether anything was lost or doubled.

mod death;
mod life;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use fastrand::Rng;
use serde_json::Value;

use self::death::Deaths;
use self::life::{Course, Scene};
use super::judge::judge;
use super::ledger::Ledger;
use super::witness::Witness;
use super::work;
use crate::build;
use crate::place::Place;
use crate::process::poll;
use crate::rest::Host;
use crate::setup::{self, ImageId};

/// Kills in the short form.
const SHORT: u32 = 12;
/// Whose calls follow each other in containers.
const FORKED: &str = "beam-monte-carlo";
/// For the last open request to be answered.
const ANSWER: Duration = Duration::from_secs(60);

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

/// Kills, restarts and checks; fails when a promise was broken.
fn prove(place: &Place, octave: &ImageId, arguments: &Arguments) -> anyhow::Result<()> {
    let program = build::failing_host(place)?;
    let (data, log) = (tempfile::tempdir()?, place.made("server.log")?);
    fs::write(data.path().join("simulay.toml"), "[runs]\nmax_containers = 6\n")?;
    let mut scene = Scene { place, program: &program, log: &log, data: data.path(), octave, all: Vec::new() };
    let calm = Calm::before(&mut scene)?;
    let witness = Witness::of_host(data.path())?;
    let rng = Rng::with_seed(arguments.seed);
    let mut course = Course { rng, ledger: Ledger::default(), workers_killed: 0 };
    let mut broken = kill_often(&scene, arguments, &mut course)?;
    let (starts, wrong) = settle(&scene, &mut course.ledger, &calm, witness)?;
    broken.extend(wrong);
    println!(
        "seed {}: {} workers killed too, {} runs accepted, {starts} attempts had a container, {} promises broken",
        arguments.seed,
        course.workers_killed,
        course.ledger.accepted().len(),
        broken.len()
    );
    if broken.is_empty() { Ok(()) } else { bail!("{}", broken.join("\n")) }
}

/// What there is before the first kill.
struct Calm {
    references: HashMap<&'static str, Value>,
    runs: BTreeSet<String>,
}

impl Calm {
    /// Uploads the plugins, and does each piece of work undisturbed.
    fn before(scene: &mut Scene<'_>) -> anyhow::Result<Self> {
        let server = scene.start(None)?;
        let host = Host::new(server.url());
        scene.all = work::prepare(scene.place, &host)?;
        let calm = Self { references: work::references(&host, &scene.all)?, runs: host.runs("")? };
        // What its calls give in containers of their own, they give as processes in one that is given back, too.
        host.isolate_by_process(FORKED)?;
        server.stop()?;
        Ok(calm)
    }
}

/// A last life without a death: all that was asked for is answered, and ends. How many containers there were,
/// and what is not as promised.
fn settle(
    scene: &Scene<'_>,
    ledger: &mut Ledger,
    calm: &Calm,
    mut witness: Witness,
) -> anyhow::Result<(usize, Vec<String>)> {
    let server = scene.start(None)?;
    let host = Host::new(server.url());
    let mut broken = Vec::new();
    let answered = poll(ANSWER, || {
        ledger.ask_again(&host);
        (ledger.unanswered() == 0).then_some(())
    });
    if answered.is_none() {
        broken.push(format!("{} requests are not answered", ledger.unanswered()));
    }
    broken.extend(judge(&host, ledger, &calm.references)?);
    broken.extend(ledger.compare(&host.runs("")?, &calm.runs));
    let (starts, wrong) = witness.judge()?;
    broken.extend(wrong);
    server.stop()?;
    broken.extend(witness.judge_the_end()?);
    Ok((starts, broken))
}

/// Lives and deaths, one after the other; fail points that are not there.
fn kill_often(scene: &Scene<'_>, arguments: &Arguments, course: &mut Course) -> anyhow::Result<Vec<String>> {
    let begun = Instant::now();
    let goes_on = |kills| match (arguments.minutes, arguments.kills) {
        (Some(minutes), _) => begun.elapsed() < Duration::from_secs(60 * minutes),
        (None, most) => kills < most.unwrap_or(SHORT),
    };
    let mut deaths = Deaths::new(arguments.seed);
    let mut kills = 0;
    while goes_on(kills) {
        let death = deaths.next();
        let struck = scene.live(&death, course)?;
        deaths.count(&death, struck);
        kills += 1;
        if kills % 50 == 0 {
            println!("  {kills} kills in {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    println!("  {kills} kills in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(deaths.report())
}
