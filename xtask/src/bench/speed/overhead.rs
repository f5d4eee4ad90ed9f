//! What the host takes beside a container that does nothing.

use std::time::Duration;

use serde_json::json;

use super::peers::docker_run;
use super::sides::Side;
use super::{MANY_CALLS, Scene, table};
use crate::bench::figures::Times;
use crate::bench::runs::overhead;

/// Measures hosts with and without containers that wait, and Docker, in turn.
pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let (warm, cold) = (Side::warm(scene, &[MANY_CALLS], &[])?, Side::cold(scene, &[MANY_CALLS])?);
    let [mut with_pool, mut without, mut docker] = [Times::default(), Times::default(), Times::default()];
    // The first of each does not count.
    beside(&warm)?;
    beside(&cold)?;
    docker_run(&["true"])?;
    for _ in 0..scene.extent.rounds {
        for (side, times) in [(&warm, &mut with_pool), (&cold, &mut without)] {
            warm.calm()?;
            cold.calm()?;
            times.add(beside(side)?);
        }
        warm.calm()?;
        cold.calm()?;
        docker.add(docker_run(&["true"])?);
    }
    table::times("beside `true`, warm", &mut with_pool, ("docker run", &mut docker));
    table::times("beside `true`, cold", &mut without, ("docker run", &mut docker));
    warm.stop()?;
    cold.stop()
}

/// The whole time of a run but for what its call tells of its own.
pub(super) fn beside(side: &Side) -> anyhow::Result<Duration> {
    let request = json!({ "params": {}, "options": { "reuse": false } });
    let ms = overhead(&side.host, MANY_CALLS, &request)?;
    Ok(Duration::from_secs_f64(ms.max(0.0) / 1e3))
}
