//! A long queue of runs with large parameters: what the host holds of them, and how it answers.

use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::Context as _;
use nix::sys::statvfs::statvfs;
use serde_json::{Value, json};

use super::super::figures::{Target, show};
use super::{MIB, READY, Scene, all_at_once, count, data, lists};
use crate::holding::Holding;
use crate::process::{joined, poll};
use crate::rest::Host;
use crate::server::Server;

const PIPELINE: &str = "octave-script";
/// Bytes of the largest body that is taken, but for what is around the parameters.
const SIZE: usize = (2 << 20) - 1000;
const AT_ONCE: usize = 12;
/// One run is begun, and looks for Docker for ever: all others wait.
const SETTINGS: &str =
    "max_active = 1\nmax_attempts = 1000000\n[docker]\naddress = \"unix:///nowhere.sock\"\n";

/// Fills the queue with `runs` runs, as far as two thirds of the free disk have room, and looks at the host before and
/// after a kill.
pub(super) fn measure(scene: &Scene<'_>, runs: usize) -> anyhow::Result<()> {
    let data = data(SETTINGS)?;
    let room = room(data.path())? / 3 * 2 / SIZE as u64;
    let fitting = runs.min(usize::try_from(room).unwrap_or(usize::MAX));
    println!("\na queue of {fitting} runs with {:.1} MiB of parameters each", SIZE as f64 / MIB);
    if fitting < runs {
        println!("  {runs} were asked for; two thirds of the disk take no more than {fitting}");
    }
    let server = scene.start(&data)?;
    scene.upload(&server, &[PIPELINE])?;
    // It keeps the place from the large ones.
    Host::new(server.url()).create(PIPELINE, &json!({ "params": { "script": "x = 1;" } }))?;
    at_once(&server)?;
    let begun = Instant::now();
    let request = request(&json!(1_234_567));
    let mut taken = all_at_once(server.url(), fitting, |host, _| host.create(PIPELINE, &request).map(drop))?;
    println!("  taken {:.1} a second", fitting as f64 / begun.elapsed().as_secs_f64());
    show("answer to a new run, p99", taken.within(990), "ms", &Target::Below(2000.0));
    look(&Host::new(server.url()), server.pid())?;

    server.kill()?;
    let begun = Instant::now();
    let server = scene.start(&data)?;
    let host = Host::new(server.url());
    // Without Docker it is never ready, and answers all the same.
    poll(READY, || host.get("/healthz").ok()).context("the host does not answer")?;
    let start = begun.elapsed();
    println!("  killed and started again with {} queued runs", count(&host, "state=queued")?.0);
    show("start until it answers", start.as_secs_f64(), "s", &Target::Below(2.0));
    look(&host, server.pid())?;
    server.stop()
}

/// How much more the host holds while it takes the worst bodies at once: nothing is larger as a tree than
/// many small lists.
fn at_once(server: &Server) -> anyhow::Result<()> {
    let before = Holding::of(server.pid())?;
    let request = request(&json!([1]));
    thread::scope(|scope| {
        let request = &request;
        let create = || Host::new(server.url()).create(PIPELINE, request).map(drop);
        let clients: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(create)).collect();
        clients.into_iter().try_for_each(joined)
    })?;
    let after = Holding::of(server.pid())?;
    let more = after.most_bytes.saturating_sub(before.bytes) as f64 / MIB;
    show("more memory for the first bodies, at the most", more, "MiB", &Target::Below(300.0));
    let more = after.bytes.saturating_sub(before.bytes) as f64 / MIB;
    show("more memory after them", more, "MiB", &Target::Below(100.0));
    Ok(())
}

fn look(host: &Host, process: u32) -> anyhow::Result<()> {
    let mut listed = lists(host, &["limit=100", "state=queued&limit=100", "pipeline=octave-script"])?;
    show("page of runs, p99", listed.within(990), "ms", &Target::Below(100.0));
    let holding = Holding::of(process)?;
    show("memory", holding.bytes as f64 / MIB, "MiB", &Target::Below(300.0));
    println!("  the most that it ever was: {} MiB", holding.most_bytes >> 20);
    Ok(())
}

/// As many of `item` as a body holds.
fn request(item: &Value) -> Value {
    let items = vec![item.clone(); SIZE / format!("{item},").len()];
    json!({ "params": { "script": "x = 1;", "params": { "items": items } } })
}

/// Bytes that are free where `directory` is.
fn room(directory: &Path) -> anyhow::Result<u64> {
    let status = statvfs(directory).context("the room on the disk is not known")?;
    Ok(status.blocks_available().saturating_mul(status.fragment_size()))
}
