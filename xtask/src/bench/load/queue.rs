//! A long queue: how fast it is taken, how the host feels with it, and who gets his turn.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::super::figures::{Target, show, unfairness};
use super::{MIB, Scene, all_at_once, cancel_all, count, data, lists};
use crate::holding::Holding;
use crate::process::poll;
use crate::rest::Host;

const PIPELINES: [&str; 2] = ["heat-equation", "octave-script"];
const PATIENCE: Duration = Duration::from_secs(1200);
const ENDS: [&str; 3] = ["succeeded", "failed", "timed_out"];

/// Fills the queue with `queued` runs, all of one pipeline before any of the other, and waits until
/// `ended` have come to their end.
pub(super) fn measure(scene: &Scene<'_>, queued: usize, ended: usize) -> anyhow::Result<()> {
    println!("\na queue of {queued} runs, Docker at work");
    let data = data("")?;
    let (server, start) = scene.start_timed(&data)?;
    scene.upload(&server, &PIPELINES)?;
    let idle = Holding::of(server.pid())?;
    show("start of an empty host until ready", start.as_secs_f64(), "s", &Target::Below(2.0));
    show("memory of an idle host", idle.bytes as f64 / MIB, "MiB", &Target::Below(120.0));

    let begun = Instant::now();
    let mut taken = all_at_once(server.url(), queued, |host, number| {
        let pipeline = if number < queued / 2 { PIPELINES[0] } else { PIPELINES[1] };
        host.create(pipeline, &request(pipeline, number)).map(drop)
    })?;
    let rate = queued as f64 / begun.elapsed().as_secs_f64();
    show("runs accepted", rate, "/s", &Target::Above(500.0));
    show("answer to a new run, p99", taken.within(990), "ms", &Target::Below(100.0));
    let host = Host::new(server.url());
    let mut listed = lists(&host, &["limit=100", "state=queued&limit=100", "pipeline=heat-equation"])?;
    show("page of runs, p99", listed.within(990), "ms", &Target::Below(100.0));

    let before = ends(&host)?;
    let total = |ends: &[usize; 2]| ends.iter().sum::<usize>();
    let begun = Instant::now();
    let after = poll(PATIENCE, || ends(&host).ok().filter(|now| total(now) >= total(&before) + ended))
        .context("the queue does not move")?;
    let shares: Vec<usize> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    let rate = shares.iter().sum::<usize>() as f64 / begun.elapsed().as_secs_f64();
    println!("  {rate:.1} runs a second; of the pipelines {shares:?}");
    show("unfairness between the pipelines", 100.0 * unfairness(&shares), "%", &Target::Below(5.0));
    in_order(&host)?;
    let full = Holding::of(server.pid())?;
    show("most memory", full.most_bytes as f64 / MIB, "MiB", &Target::Below(300.0));

    server.kill()?;
    let (server, start) = scene.start_timed(&data)?;
    let (unfinished, _) = count(&Host::new(server.url()), "state=queued")?;
    println!("  killed and started again with {unfinished} queued runs");
    show("start until ready", start.as_secs_f64(), "s", &Target::Below(2.0));
    cancel_all(server.url())?;
    server.stop()
}

fn request(pipeline: &str, number: usize) -> Value {
    match pipeline {
        "heat-equation" => json!({ "params": { "cells_x": 10, "cells_y": 10, "steps": 10 }, "seed": number }),
        _ => json!({ "params": { "script": "x = 1 + 1;", "params": { "n": number } } }),
    }
}

/// How many runs of each pipeline have ended.
fn ends(host: &Host) -> anyhow::Result<[usize; 2]> {
    let mut ends = [0; 2];
    for (number, pipeline) in ends.iter_mut().zip(PIPELINES) {
        for state in ENDS {
            *number += count(host, &format!("pipeline={pipeline}&state={state}"))?.0;
        }
        if count(host, &format!("pipeline={pipeline}&state=failed"))?.0 > 0 {
            bail!("a run of {pipeline} failed");
        }
    }
    Ok(ends)
}

/// Fails when a run was begun before an older one of its pipeline.
fn in_order(host: &Host) -> anyhow::Result<()> {
    for pipeline in PIPELINES {
        // Looked at first: what begins meanwhile is older than what waits.
        let begun = newest(host, &format!("pipeline={pipeline}&state=succeeded"))?;
        let (waiting, oldest) = count(host, &format!("pipeline={pipeline}&state=queued"))?;
        println!("  {pipeline}: {waiting} wait");
        if let (Some(begun), Some(oldest)) = (begun, oldest)
            && begun > oldest
        {
            bail!("run {begun} of {pipeline} came before run {oldest}");
        }
    }
    Ok(())
}

fn newest(host: &Host, query: &str) -> anyhow::Result<Option<String>> {
    let page = host.get(&format!("/v1/runs?limit=1&{query}"))?;
    Ok(page.pointer("/runs/0/id").and_then(Value::as_str).map(str::to_owned))
}
