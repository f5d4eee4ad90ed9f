//! A long past: runs that have ended, made by the host itself.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::super::figures::{Target, show};
use super::{MIB, Scene, all_at_once, count, data, lists};
use crate::holding::Holding;
use crate::process::poll;
use crate::rest::Host;

/// It takes runs that start no container.
const PIPELINE: &str = "mischief";
const PATIENCE: Duration = Duration::from_secs(1800);

/// Makes `stored` runs, and looks how a host starts and answers with them.
pub(super) fn measure(scene: &Scene<'_>, stored: usize) -> anyhow::Result<()> {
    println!("\na past of {stored} runs");
    let data = data("")?;
    let server = scene.start(&data)?;
    scene.upload(&server, &[PIPELINE])?;
    let begun = Instant::now();
    all_at_once(server.url(), stored, |host, number| {
        let request = json!({ "params": { "do": "nothing" }, "seed": number });
        host.create(PIPELINE, &request).map(drop)
    })?;
    println!("  accepted {:.0} a second, without containers", stored as f64 / begun.elapsed().as_secs_f64());
    let host = Host::new(server.url());
    let open = || Some(count(&host, "state=queued").ok()?.0 + count(&host, "state=running").ok()?.0);
    poll(PATIENCE, || open().filter(|open| *open == 0)).context("the queue does not end")?;
    println!("  all ended, {:.0} a second", stored as f64 / begun.elapsed().as_secs_f64());
    let (succeeded, _) = count(&host, "state=succeeded")?;
    if succeeded != stored {
        bail!("{succeeded} runs succeeded of {stored}");
    }
    server.stop()?;

    let (server, start) = scene.start_timed(&data)?;
    show("start until ready", start.as_secs_f64(), "s", &Target::Below(3.0));
    let host = Host::new(server.url());
    let queries = ["limit=100", "state=succeeded&limit=100", "pipeline=mischief&limit=100", "state=failed"];
    let mut listed = lists(&host, &queries)?;
    show("page of runs, p99", listed.within(990), "ms", &Target::Below(200.0));
    let holding = Holding::of(server.pid())?;
    show("most memory", holding.most_bytes as f64 / MIB, "MiB", &Target::Below(300.0));
    server.stop()
}
