//! Two builds of the command side by side: what a run costs on each, and how many runs each brings to their end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::Program;
use super::runs::{PIPELINE, SCRIPT, median, overhead_of_run};
use crate::place::Place;
use crate::process::run;
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

/// Requests at once.
const CLIENTS: usize = 4;
/// Runs of each client in a round.
const EACH: usize = 4;
/// How much slower a build may be than the other.
const SLACK: f64 = 1.05;

/// What is compared.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    program: Program,
    /// The other build of the command, e.g. of an earlier commit.
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
    /// How often each is measured.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
}

/// Measures both in turn, so that what else the machine does weighs on both.
pub(super) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let octave = setup::everything(place)?;
    let program = arguments.program.path(place)?;
    let mut sides = [
        Side::start(place, &program, "this", &octave)?,
        Side::start(place, &arguments.against, "the other", &octave)?,
    ];
    // The first round warms caches up and does not count.
    for round in 0..=arguments.rounds {
        for side in &mut sides {
            side.measure(round)?;
        }
        // Whoever comes second in one round comes first in the next.
        sides.reverse();
    }
    sides.sort_by_key(|side| side.name != "this");
    report(&mut sides, arguments.rounds)?;
    sides.into_iter().try_for_each(|side| side.server.stop())
}

/// One of the two builds at work.
struct Side {
    name: &'static str,
    server: Server,
    host: Host,
    /// Milliseconds of each run beside the work in its container.
    overheads: Vec<f64>,
    /// Runs brought to their end a second, of each round.
    rates: Vec<f64>,
    // Held as long as the server works in it.
    _data: TempDir,
}

impl Side {
    fn start(place: &Place, program: &Path, name: &'static str, octave: &ImageId) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let log = place.made(&format!("bench-{}.log", name.replace(' ', "-")))?;
        let server = Server::start_program(program, &log, data.path(), octave, &[])?;
        let mut upload = Command::new(program);
        upload.args(["plugin", "upload", "--server", server.url()]).arg(place.plugin(PIPELINE));
        run(&mut upload)?;
        let host = Host::new(server.url());
        Ok(Self { name, server, host, overheads: Vec::new(), rates: Vec::new(), _data: data })
    }

    fn measure(&mut self, round: u32) -> anyhow::Result<()> {
        let (overhead, rate) = (overhead_of_run(&self.host, round)?, rate(self.server.url(), round)?);
        if round > 0 {
            self.overheads.push(overhead);
            self.rates.push(rate);
        }
        Ok(())
    }
}

/// Runs a second, of clients who each wait for the end of one before they ask for the next.
fn rate(url: &str, round: u32) -> anyhow::Result<f64> {
    let begun = Instant::now();
    thread::scope(|scope| {
        let clients: Vec<_> =
            (0..CLIENTS).map(|client| scope.spawn(move || runs(url, round, client))).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow!("a client failed"))?)
    })?;
    Ok((CLIENTS * EACH) as f64 / begun.elapsed().as_secs_f64())
}

fn runs(url: &str, round: u32, client: usize) -> anyhow::Result<()> {
    let host = Host::new(url);
    for number in 0..EACH {
        let params = json!({ "round": round, "client": client, "number": number });
        let ended = host.run(PIPELINE, &json!({ "params": { "script": SCRIPT, "params": params } }))?;
        let state = ended.get("state").and_then(Value::as_str);
        state.filter(|state| *state == "succeeded").with_context(|| format!("a run failed: {ended}"))?;
    }
    Ok(())
}

fn report(sides: &mut [Side; 2], rounds: u32) -> anyhow::Result<()> {
    println!("medians of {rounds} rounds in turn, {CLIENTS} clients at once where runs a second are told:");
    let mut figures = Vec::new();
    for side in sides {
        let (overhead, rate) = (median(&mut side.overheads)?, median(&mut side.rates)?);
        println!("  {:10} {overhead:8.1} ms beside the container {rate:8.2} runs/s", side.name);
        figures.push([overhead, rate]);
    }
    let [[ours, our_rate], [theirs, their_rate]] =
        figures.try_into().map_err(|_| anyhow!("two are compared"))?;
    let [cost, speed] = [ours / theirs, their_rate / our_rate];
    for (what, ratio) in [("cost of a run", cost), ("time for many", speed)] {
        let verdict = if ratio <= SLACK { "met" } else { "MISSED" };
        println!("  {what:14} ratio {ratio:6.3} (<= {SLACK}) {verdict}");
    }
    Ok(())
}
