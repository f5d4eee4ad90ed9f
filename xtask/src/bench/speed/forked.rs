//! Steps of many calls, each a process in a container in which they follow each other.

use std::thread::available_parallelism;

use serde_json::json;

use super::calls::step;
use super::peers::OCTAVE;
use super::sides::Side;
use super::throughput::rate_of_docker;
use super::{MANY_CALLS, Scene, table};
use crate::bench::runs::SCRIPT;

/// A beam under random loads, by its formula: what a call of a Monte Carlo study computes.
const BEAM: &str = "n = 2000; load = 1000 + 100 * randn (n, 1); modulus = 2.1e11 * (1 + 0.05 * randn (n, 1)); \
    deflection = load * 2 ^ 3 ./ (48 * modulus * 8e-6); printf ('%g %g\\n', mean (deflection), std (deflection));";
/// Of so many calls one is made where each has a container, which takes longer.
const SLOWER: u32 = 10;
/// Programs that each of those who use Docker runs, before and after.
const EACH: usize = 4;

/// Measures steps, beside what Docker would take by its rate before and after, and beside a container for each call.
pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let side = Side::warm(scene, &[MANY_CALLS], &[])?;
    let at_once = 2 * available_parallelism()?.get() + 1;
    let docker = || rate_of_docker(&OCTAVE, at_once, at_once * EACH);
    let calls = scene.extent.calls;
    let before = docker()?;
    let apart = rate(&side, (calls.div_ceil(SLOWER), SCRIPT), 1)?;
    side.host.isolate_by_process(MANY_CALLS)?;
    // What goes on is measured: the containers that serve it are there.
    rate(&side, (calls.div_ceil(SLOWER), SCRIPT), 4)?;
    let (trivial, beam) = (rate(&side, (calls, SCRIPT), 2)?, rate(&side, (calls, BEAM), 3)?);
    let docker = f64::midpoint(before, docker()?);
    let calls = f64::from(calls);
    for (what, rate) in [("programs", trivial), ("beams", beam)] {
        let what = format!("a step of {calls} {what}, a process each");
        table::row(&what, "s", calls / rate, ("docker run, by its rate", calls / docker));
        table::row(&what, "/s", rate, ("docker run", docker));
    }
    table::row("programs a second, a process each", "/s", trivial, ("a container each", apart));
    side.stop()
}

/// Calls a second of one step.
fn rate(side: &Side, (calls, script): (u32, &str), seed: u64) -> anyhow::Result<f64> {
    let took = step(side, &json!({ "calls": calls, "script": script }), seed)?;
    Ok(f64::from(calls) / took.as_secs_f64())
}
