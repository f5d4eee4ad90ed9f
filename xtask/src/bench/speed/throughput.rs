//! Octave programs a second, by how many clients ask at once.

use std::time::Instant;

use serde_json::json;

use super::latency::WARMING;
use super::peers::{OCTAVE, docker_run};
use super::sides::Side;
use super::{Scene, table};
use crate::bench::clients::all_at_once;
use crate::bench::runs::{PIPELINE, SCRIPT, timed};

const CLIENTS: [usize; 5] = [1, 2, 4, 8, 16];

/// Measures hosts with and without containers that wait, and Docker, in turn.
pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let (warm, cold) = (Side::warm(scene, &[PIPELINE], &[])?, Side::cold(scene, &[PIPELINE])?);
    rate_of_side(&cold, 1, 1)?;
    for _ in 0..WARMING {
        rate_of_side(&warm, 1, 1)?;
        warm.calm()?;
    }
    for clients in CLIENTS {
        let count = clients * scene.extent.each;
        warm.calm()?;
        let with_pool = rate_of_side(&warm, clients, count)?;
        warm.calm()?;
        let without = rate_of_side(&cold, clients, count)?;
        cold.calm()?;
        let docker = rate_of_docker(&OCTAVE, clients, count)?;
        let what = |pool: &str| format!("programs a second, {clients} at once, {pool}");
        table::row(&what("warm"), "/s", with_pool, ("docker run", docker));
        table::row(&what("cold"), "/s", without, ("docker run", docker));
    }
    warm.stop()?;
    cold.stop()
}

fn rate_of_side(side: &Side, clients: usize, count: usize) -> anyhow::Result<f64> {
    let request = json!({ "params": { "script": SCRIPT }, "options": { "reuse": false } });
    let begun = Instant::now();
    all_at_once(clients, count, || side.host.apart(), |host, _| timed(host, PIPELINE, &request).map(drop))?;
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// Commands a second that `docker run` runs for so many at once.
pub(super) fn rate_of_docker(command: &[&str], clients: usize, count: usize) -> anyhow::Result<f64> {
    let begun = Instant::now();
    all_at_once(clients, count, || (), |(), _| docker_run(command).map(drop))?;
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}
