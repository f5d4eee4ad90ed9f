//! Where the time of one warm run goes, from the request to the answer, by the host's own traces.

mod trace;

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use self::trace::{PHASES, Trace};
use super::latency::WARMING;
use super::python::{self, Client};
use super::sides::Side;
use super::{Scene, table};
use crate::bench::runs::{PIPELINE, SCRIPT, median, timed, wall_ms};

const PACKAGES: [&str; 2] = ["grpcio==1.85.3", "opentelemetry-proto==1.45.2"];

/// A run as its client saw it, nanoseconds of the UNIX epoch.
struct Seen {
    id: String,
    sent: u64,
    answered: u64,
    /// What its command took, nanoseconds.
    work: u64,
}

pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let python = python::ensure(scene.place, "collector", &PACKAGES)?.join("bin/python");
    let spans = scene.place.made("spans.json")?;
    let mut program = Command::new(python);
    program.args(["-c", include_str!("peers/collector.py")]).arg(&spans);
    let mut collector = Client::start(&mut program)?;
    let address = collector.line()?;
    let side = Side::warm(scene, &[PIPELINE], &[("SIMULAY__TELEMETRY__OTLP", &address)])?;
    for _ in 0..WARMING {
        run(&side)?;
        side.calm()?;
    }
    let mut seen = Vec::new();
    for _ in 0..scene.extent.rounds {
        seen.push(run(&side)?);
        side.calm()?;
    }
    // Its last spans come before it ends, and are written before the collector does.
    side.stop()?;
    drop(collector);
    report(&seen, &fs::read_to_string(spans)?)
}

fn run(side: &Side) -> anyhow::Result<Seen> {
    let request = json!({ "params": { "script": SCRIPT }, "options": { "reuse": false } });
    let sent = now()?;
    let (_, ended) = timed(&side.host, PIPELINE, &request)?;
    let answered = now()?;
    let id = ended.get("id").and_then(Value::as_str).context("the host gave no run id")?.to_owned();
    let work = wall_ms(&side.host.get(&format!("/v1/runs/{id}/calls"))?)? * 1e6;
    Ok(Seen { id, sent, answered, work: work as u64 })
}

fn now() -> anyhow::Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?)
}

/// The median of each phase, and of the whole.
fn report(seen: &[Seen], spans: &str) -> anyhow::Result<()> {
    let traces = Trace::read(spans)?;
    let phases: Vec<_> = seen.iter().filter_map(|run| traces.get(&run.id)?.phases(run)).collect();
    ensure!(2 * phases.len() > seen.len(), "of {} runs, {} have whole traces", seen.len(), phases.len());
    let mut sum = 0.0;
    for (number, phase) in PHASES.iter().enumerate() {
        let mut times: Vec<_> = phases.iter().filter_map(|phases| phases.get(number).copied()).collect();
        let time = median(&mut times)?;
        sum += time;
        table::alone(phase, "µs", time);
    }
    let mut whole: Vec<_> = seen.iter().map(|run| (run.answered - run.sent) as f64 / 1e3).collect();
    table::alone("the sum of these", "µs", sum);
    table::alone("the whole run, median", "µs", median(&mut whole)?);
    Ok(())
}
