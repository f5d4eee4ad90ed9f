//! Many who follow runs, and come back: nothing is missed, nothing comes twice, nothing comes late.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use fastrand::Rng;
use serde_json::{Value, json};

use super::super::figures::{Target, Times, show};
use super::{MIB, Scene, cancel_all, data};
use crate::holding::Holding;
use crate::process::joined;
use crate::rest::{Followed, Host};

const PIPELINE: &str = "beam-monte-carlo";
/// Runs that are followed at once.
const RUNS: usize = 3;
/// One of ten watchers comes back each minute.
const RECONNECT: Duration = Duration::from_secs(600);
const STACK: usize = 256 << 10;

/// Lets `watchers` follow runs for `time`.
pub(super) fn measure(scene: &Scene<'_>, watchers: usize, time: Duration) -> anyhow::Result<()> {
    println!("\n{watchers} who watch, for {} s", time.as_secs());
    let data = data("")?;
    let server = scene.start(&data)?;
    scene.upload(&server, &[PIPELINE])?;
    let host = Host::new(server.url());
    let shown = Shown { end: Instant::now() + time, runs: Mutex::new(Vec::new()) };
    for _ in 0..RUNS {
        shown.put(begin(&host)?)?;
    }
    let before = Holding::of(server.pid())?;
    let (seen, most) = thread::scope(|scope| {
        let url = server.url();
        let shown = &shown;
        let renewing = scope.spawn(move || renew(url, shown));
        let threads = (0..watchers).map(|number| {
            thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, move || watch(url, shown, Rng::with_seed(number as u64)))
        });
        let threads = threads.collect::<Result<Vec<_>, _>>()?;
        let mut seen = Seen::default();
        let mut most = before;
        while Instant::now() < shown.end {
            thread::sleep(Duration::from_secs(1));
            let now = Holding::of(server.pid())?;
            most = if now.bytes > most.bytes { now } else { most };
        }
        for thread in threads {
            seen.add(joined(thread)?);
        }
        joined(renewing)?;
        anyhow::Ok((seen, most))
    })?;
    let Seen { mut times, returns } = seen;
    println!("  {} events came, {returns} came back; no gap, none twice", times.count());
    show("delivery of an event, p99", times.within(990), "ms", &Target::Below(500.0));
    let more = most.bytes.saturating_sub(before.bytes) as f64 / MIB;
    show("more memory than before", more, "MiB", &Target::Below(32.0));
    cancel_all(server.url())?;
    server.stop()
}

/// The runs that are there to be followed, the newest last.
struct Shown {
    end: Instant,
    runs: Mutex<Vec<String>>,
}

impl Shown {
    fn put(&self, run: String) -> anyhow::Result<()> {
        let mut runs = self.runs.lock().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
        if runs.len() == RUNS {
            runs.remove(0);
        }
        runs.push(run);
        Ok(())
    }

    fn any(&self, rng: &mut Rng) -> anyhow::Result<String> {
        let runs = self.runs.lock().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
        rng.choice(runs.iter()).cloned().context("no run to follow")
    }
}

fn begin(host: &Host) -> anyhow::Result<String> {
    host.create(PIPELINE, &json!({ "params": { "containers": 16, "samples": 1000 } }))
}

/// Begins a run whenever one has ended.
fn renew(url: &str, shown: &Shown) -> anyhow::Result<()> {
    let host = Host::new(url);
    while Instant::now() < shown.end {
        let running = host.get("/v1/runs?state=running")?;
        if running.get("runs").and_then(Value::as_array).is_some_and(|runs| runs.len() < RUNS) {
            shown.put(begin(&host)?)?;
        }
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

/// What one watcher saw.
#[derive(Default)]
struct Seen {
    times: Times,
    returns: usize,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.returns += other.returns;
    }
}

/// Follows one run after another.
fn watch(url: &str, shown: &Shown, mut rng: Rng) -> anyhow::Result<Seen> {
    let (host, mut seen) = (Host::new(url), Seen::default());
    let mut back = Instant::now() + RECONNECT.mul_f64(rng.f64());
    while Instant::now() < shown.end {
        let run = shown.any(&mut rng)?;
        follow(&host, &run, shown.end, &mut back, &mut seen)?;
    }
    Ok(seen)
}

/// Follows a run to its end, or to the end of all.
fn follow(host: &Host, run: &str, end: Instant, back: &mut Instant, seen: &mut Seen) -> anyhow::Result<()> {
    let mut last = 0;
    // What happened before the watcher came is not late.
    let mut came = jiff::Timestamp::now();
    loop {
        let outcome = host.follow(run, last, |event| {
            if event.sequence != last + 1 {
                bail!("event {} of run {run} came after {last}", event.sequence);
            }
            last = event.sequence;
            if event.at > came {
                let late = jiff::Timestamp::now().duration_since(event.at);
                seen.times.add(late.try_into().unwrap_or_default());
            }
            Ok(Instant::now() < end.min(*back))
        })?;
        if outcome == Followed::ToItsEnd || Instant::now() >= end {
            return Ok(());
        }
        if Instant::now() >= *back {
            *back += RECONNECT;
            seen.returns += 1;
            came = jiff::Timestamp::now();
        }
    }
}
