//! What figures become as there is more: runs in the store, calls of a step, files and bytes that calls leave.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

use super::latency::{WARMING, again, anew};
use super::sides::Side;
use super::{MANY_CALLS, Scene, artifact, calls, table};
use crate::bench::clients::all_at_once;
use crate::bench::figures::Times;
use crate::bench::runs::{PIPELINE, overhead};
use crate::holding::Holding;
use crate::process::poll;

/// It takes runs that start no container.
const QUICK: &str = "mischief";
const CLIENTS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(3600);
const UNBOUNDED: [(&str, &str); 2] =
    [("SIMULAY__RUNS__MAX_UNFINISHED", "1000000"), ("SIMULAY__LOG__FILTER", "warn")];
const MIB: f64 = 1_048_576.0;

pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    with_runs(scene)?;
    let side = Side::warm(scene, &[MANY_CALLS], &[])?;
    with_calls(scene, &side)?;
    with_files(scene, &side)?;
    with_bytes(scene, &side)?;
    side.stop()
}

/// More and more runs that have ended.
fn with_runs(scene: &Scene<'_>) -> anyhow::Result<()> {
    let side = Side::warm(scene, &[PIPELINE, QUICK], &UNBOUNDED)?;
    for _ in 0..WARMING {
        anew(&side)?;
        side.calm()?;
    }
    again(&side)?;
    let mut there = 0;
    for stored in scene.extent.stored {
        fill(&side, there..*stored)?;
        there = *stored;
        let [mut warm, mut reuse, mut lists] = [Times::default(), Times::default(), Times::default()];
        for _ in 0..scene.extent.rounds {
            side.calm()?;
            warm.add(anew(&side)?);
            reuse.add(again(&side)?);
            let begun = Instant::now();
            side.host.get("/v1/runs?limit=100")?;
            lists.add(begun.elapsed());
        }
        table::times_alone(&format!("{stored} runs stored: warm run"), &mut warm);
        table::times_alone(&format!("{stored} runs stored: a result that is there"), &mut reuse);
        table::times_alone(&format!("{stored} runs stored: a page of 100 runs"), &mut lists);
        let memory = Holding::of(side.pid())?.bytes as f64 / MIB;
        table::alone(&format!("{stored} runs stored: memory of the host"), "MiB", memory);
    }
    side.stop()
}

/// Makes runs of these numbers, and waits until they have ended.
fn fill(side: &Side, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let first = numbers.start;
    all_at_once(
        CLIENTS,
        numbers.len(),
        || side.host.apart(),
        |host, number| {
            let request = json!({ "params": { "do": "nothing" }, "seed": first + number });
            host.create(QUICK, &request).map(drop)
        },
    )?;
    let open = |state: &str| {
        let page = side.host.get(&format!("/v1/runs?limit=1&pipeline={QUICK}&state={state}")).ok()?;
        page.get("runs")?.as_array()?.is_empty().then_some(())
    };
    poll(PATIENCE, || open("queued").and_then(|()| open("running"))).context("the runs do not end")
}

fn with_calls(scene: &Scene<'_>, side: &Side) -> anyhow::Result<()> {
    for calls in decades(u64::from(scene.extent.calls)) {
        let params = json!({ "calls": calls });
        let each = |time: Duration| time.as_secs_f64() * 1e3 / calls as f64;
        let computed = each(calls::step(side, &params, calls)?);
        let taken = each(calls::step(side, &params, calls)?);
        table::alone(&format!("{calls} calls in a step: a call of `true`"), "ms", computed);
        table::alone(&format!("{calls} calls in a step: a result that is there"), "ms", taken);
        side.calm()?;
    }
    Ok(())
}

fn with_files(scene: &Scene<'_>, side: &Side) -> anyhow::Result<()> {
    for files in decades(u64::from(scene.extent.calls)) {
        let program = format!("for i in $(seq {files}); do echo $i > f$i; done");
        let params = json!({ "command": ["sh", "-c", program], "keep": ["f*"] });
        let request = json!({ "params": params, "options": { "reuse": false } });
        let ms = overhead(&side.host, MANY_CALLS, &request)?;
        table::alone(&format!("{files} files of a call: all beside its command"), "ms", ms);
        side.calm()?;
    }
    Ok(())
}

fn with_bytes(scene: &Scene<'_>, side: &Side) -> anyhow::Result<()> {
    artifact::leave(side, 1, 0)?;
    for megabytes in decades(scene.extent.bytes / 1_000_000) {
        side.calm()?;
        let time = artifact::leave(side, megabytes * 1_000_000, u32::try_from(megabytes)?)?;
        let ms = time.as_secs_f64() * 1e3;
        table::alone(&format!("{megabytes} MB of a call: all beside its command"), "ms", ms);
    }
    Ok(())
}

/// 1, 10, 100 and so on, up to `most`.
fn decades(most: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1), |size| Some(size * 10)).take_while(move |size| *size <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_by_ten_and_not_beyond() {
        assert_eq!(decades(500).collect::<Vec<_>>(), [1, 10, 100]);
        assert_eq!(decades(1000).last(), Some(1000));
    }
}
