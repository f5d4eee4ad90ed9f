//! One step of many calls: computed, and once more with all results there.

use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use super::peers::OCTAVE;
use super::sides::Side;
use super::throughput::rate_of_docker;
use super::{MANY_CALLS, Scene, table};
use crate::bench::runs::SCRIPT;

/// Programs that each of those who use Docker runs, before and after.
const EACH: usize = 4;

/// Measures a step, and what Docker would take by its rate before and after, with as many containers at once.
pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let side = Side::warm(scene, &[MANY_CALLS], &[])?;
    let calls = scene.extent.calls;
    // As many as the host has at work at once, unless told otherwise.
    let at_once = 2 * available_parallelism()?.get() + 1;
    let docker = || rate_of_docker(&OCTAVE, at_once, at_once * EACH);
    let before = docker()?;
    let params = json!({ "calls": calls, "script": SCRIPT });
    let computed = step(&side, &params, 1)?;
    side.calm()?;
    let rate = f64::midpoint(before, docker()?);
    let projected = f64::from(calls) / rate;
    let what = format!("a step of {calls} programs");
    table::row(&what, "s", computed.as_secs_f64(), ("docker run, by its rate", projected));
    table::row(&what, "/s", f64::from(calls) / computed.as_secs_f64(), ("docker run", rate));
    table::alone(&format!("{what}, results there"), "s", step(&side, &params, 1)?.as_secs_f64());
    side.stop()
}

/// How long a run takes whose calls are the same whenever the seed is.
pub(super) fn step(side: &Side, params: &Value, seed: u64) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let ended = side.host.run_to_end(MANY_CALLS, &json!({ "params": params, "seed": seed }))?;
    let time = begun.elapsed();
    ensure!(ended.get("state").and_then(Value::as_str) == Some("succeeded"), "a run failed: {ended}");
    Ok(time)
}
