//! What a run costs beside the work in its container, and what `docker run` costs beside the same work.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::place::Place;
use crate::process::{read, run};
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

const ROUNDS: u32 = 30;
pub(super) const PIPELINE: &str = "octave-script";
pub(super) const SCRIPT: &str = "x = 1 + 1;";
/// Tells the milliseconds that Octave itself took, as `docker run` cannot.
const TIMED: &str = r#"a=$(date +%s%N); octave-cli -qfHW --eval "$0" && echo $(( $(date +%s%N) - a ))"#;

/// Measures both in turn, so that what else the machine does weighs on both.
pub(super) fn execute(place: &Place) -> anyhow::Result<()> {
    let octave = setup::everything(place)?;
    let data = tempfile::tempdir()?;
    let server = Server::start(place, data.path(), &octave)?;
    let plugin = place.plugin(PIPELINE);
    run(Command::new(place.simulay()).args(["plugin", "upload", "--server", server.url()]).arg(plugin))?;
    let host = Host::new(server.url());
    // The first of each warms caches up and does not count.
    overhead_of_run(&host, ROUNDS)?;
    overhead_of_docker(&octave)?;
    let (mut ours, mut dockers) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(overhead_of_run(&host, round)?);
        dockers.push(overhead_of_docker(&octave)?);
    }
    server.stop()?;
    report(median(&mut ours)?, median(&mut dockers)?);
    Ok(())
}

fn report(ours: f64, dockers: f64) {
    println!("median of {ROUNDS} sequential runs of a trivial Octave script, less the script's own time:");
    println!("  POST to the end of the run  {ours:8.1} ms");
    println!("  docker run --rm             {dockers:8.1} ms");
    println!("  ratio                       {:8.2}", ours / dockers);
}

/// Milliseconds from the request to the answer, less the container's own.
pub(super) fn overhead_of_run(host: &Host, round: u32) -> anyhow::Result<f64> {
    // Each run has other parameters, so that no result is reused.
    let request = json!({ "params": { "script": SCRIPT, "params": { "round": round } } });
    overhead(host, PIPELINE, &request)
}

/// The same of any run of one call.
pub(super) fn overhead(host: &Host, pipeline: &str, request: &Value) -> anyhow::Result<f64> {
    let (whole, ended) = timed(host, pipeline, request)?;
    let id = ended.get("id").and_then(Value::as_str).context("the host gave no run id")?;
    Ok(whole.as_secs_f64() * 1e3 - wall_ms(&host.get(&format!("/v1/runs/{id}/calls"))?)?)
}

/// How long a run takes that succeeds, from the request to the answer, and the answer.
pub(super) fn timed(host: &Host, pipeline: &str, request: &Value) -> anyhow::Result<(Duration, Value)> {
    let begun = Instant::now();
    let ended = host.run(pipeline, request)?;
    let whole = begun.elapsed();
    if ended.get("state").and_then(Value::as_str) != Some("succeeded") {
        bail!("a run failed: {ended}");
    }
    Ok((whole, ended))
}

/// The time of the only call in a journal.
pub(super) fn wall_ms(journal: &Value) -> anyhow::Result<f64> {
    find(journal, "wall_ms").and_then(Value::as_f64).context("the journal tells no wall_ms")
}

/// The first field of this name, however deep.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => {
            fields.get(name).or_else(|| fields.values().find_map(|field| find(field, name)))
        }
        Value::Array(entries) => entries.iter().find_map(|entry| find(entry, name)),
        _ => None,
    }
}

/// Milliseconds of `docker run`, less Octave's own.
fn overhead_of_docker(octave: &ImageId) -> anyhow::Result<f64> {
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", "--network", "none", "--env", "HOME=/tmp", "--entrypoint", "/bin/sh"]);
    docker.args([octave.as_str(), "-c", TIMED, SCRIPT]);
    let begun = Instant::now();
    let printed = read(&mut docker)?;
    let whole = begun.elapsed().as_secs_f64() * 1e3;
    let own: f64 = printed.trim().parse().context("Octave's time is no number")?;
    Ok(whole - own / 1e6)
}

pub(super) fn median(values: &mut [f64]) -> anyhow::Result<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().context("nothing was measured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_call_is_found() {
        let journal = json!({ "calls": [{ "step": 0, "end": { "result": { "wall_ms": 133 } } }] });
        assert!((wall_ms(&journal).unwrap() - 133.0).abs() < f64::EPSILON);
        assert!(wall_ms(&json!({ "calls": [] })).is_err());
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&mut [9.0, 1.0, 5.0]).unwrap() - 5.0).abs() < f64::EPSILON);
        assert!(median(&mut []).is_err());
    }
}
