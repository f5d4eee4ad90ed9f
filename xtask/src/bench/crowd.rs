//! Many who follow runs, and come back: nothing is missed, nothing comes twice.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use fastrand::Rng;
use serde_json::{Value, json};

use super::figures::Times;
use crate::process::joined;
use crate::rest::{Followed, Host};

/// What runs are of that are followed.
pub(super) const PIPELINE: &str = "beam-monte-carlo";
/// Runs that are followed at once.
const RUNS: usize = 3;
/// One of ten watchers comes back each minute.
const RECONNECT: Duration = Duration::from_secs(600);
const STACK: usize = 256 << 10;
const LOOK: Duration = Duration::from_secs(1);

/// Lets `watchers` follow runs for `time`, shared out over `hosts`, and calls `look` each second of it.
pub(super) fn follow_runs(
    hosts: &[Host],
    watchers: usize,
    time: Duration,
    mut look: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Seen> {
    let first = hosts.first().context("there is no host to watch")?;
    let shown = Shown { end: Instant::now() + time, runs: Mutex::new(Vec::new()) };
    for _ in 0..RUNS {
        shown.put(begin(first)?)?;
    }
    thread::scope(|scope| {
        let shown = &shown;
        let renewing = scope.spawn(move || renew(first, shown));
        let threads = hosts.iter().cycle().take(watchers).enumerate().map(|(number, host)| {
            thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, move || watch(&host.apart(), shown, Rng::with_seed(number as u64)))
        });
        let threads = threads.collect::<Result<Vec<_>, _>>()?;
        while Instant::now() < shown.end {
            thread::sleep(LOOK);
            look()?;
        }
        let mut seen = Seen::default();
        for thread in threads {
            seen.add(joined(thread)?);
        }
        joined(renewing)?;
        Ok(seen)
    })
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
fn renew(host: &Host, shown: &Shown) -> anyhow::Result<()> {
    while Instant::now() < shown.end {
        let running = host.get("/v1/runs?state=running")?;
        if running.get("runs").and_then(Value::as_array).is_some_and(|runs| runs.len() < RUNS) {
            shown.put(begin(host)?)?;
        }
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

/// What watchers saw.
#[derive(Default)]
pub(super) struct Seen {
    /// How late events came.
    pub(super) times: Times,
    /// How often one came back.
    pub(super) returns: usize,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.returns += other.returns;
    }
}

/// Follows one run after another.
fn watch(host: &Host, shown: &Shown, mut rng: Rng) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let mut back = Instant::now() + RECONNECT.mul_f64(rng.f64());
    while Instant::now() < shown.end {
        let run = shown.any(&mut rng)?;
        follow(host, &run, shown.end, &mut back, &mut seen)?;
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
