//! Damaged copies of the plugins we ship, a great many, and what the host was before and after.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use simulay_hostile::Damage;

use super::{Arguments, Tally, kind_of};
use crate::holding::Holding;
use crate::place::Place;
use crate::rest::Host;
use crate::server::Server;

pub(super) const SHIPPED: [&str; 4] =
    ["octave-script", "heat-equation", "beam-monte-carlo", "cooling-calibration"];
/// A worker that broke a rule, or broke: it is there to die, but why is worth a look.
const CRASHED: &str = "worker_crashed";
/// What the compiler says of what the checks before it let pass.
const COMPILER: &str = "the component is not valid";
/// What a host may hold more of afterwards than before: connections, code at hand, a heap in pieces.
const MORE_FILES: u64 = 64;
const MORE_BYTES: u64 = 256 << 20;
/// Copies between two signs of life.
const SIGN: u32 = 10_000;
/// Seeds of two copies lie this far apart, so that no two runs share copies by chance.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// What came of the copies.
#[derive(Debug, Default)]
struct Counts {
    sent: u32,
    kinds: BTreeMap<String, (u32, Duration)>,
    wrong: Vec<String>,
}

impl Counts {
    fn add(&mut self, kind: String, took: Duration) {
        self.sent += 1;
        let (count, time) = self.kinds.entry(kind).or_default();
        *count += 1;
        *time += took;
    }

    fn print(&self, name: &str, took: Duration) {
        let rate = f64::from(self.sent) / took.as_secs_f64();
        println!("  {name}: {} damaged copies, {rate:.1} a second", self.sent);
        for (kind, (count, time)) in &self.kinds {
            let share = 100.0 * f64::from(*count) / f64::from(self.sent);
            let mean = time.as_secs_f64() * 1e3 / f64::from(*count);
            println!("    {kind:36} {count:7} {share:5.1} % {mean:8.0} ms");
        }
    }
}

/// Sends the copies.
pub(super) fn send(place: &Place, server: &Server, plan: &Arguments) -> anyhow::Result<Tally> {
    let before = Holding::of(server.pid())?;
    before.print("before the damage");
    let mut tally = Tally::default();
    for name in &plan.plugins {
        let counts = send_copies(place, server.url(), name, plan)?;
        tally.sent += counts.sent;
        tally.wrong.extend(counts.wrong);
    }
    let after = Holding::of(server.pid())?;
    after.print("after it");
    if after.bytes > before.bytes + MORE_BYTES || after.files > before.files + MORE_FILES {
        tally.wrong.push("the host holds much more memory or files than before".to_owned());
    }
    Ok(tally)
}

fn send_copies(place: &Place, url: &str, name: &str, plan: &Arguments) -> anyhow::Result<Counts> {
    let good = fs::read(place.plugin(name))?;
    let begun = Instant::now();
    let time = plan.minutes.map(|minutes| Duration::from_secs(60 * minutes));
    let end = time.map(|time| begun + time / u32::try_from(plan.plugins.len()).unwrap_or(1));
    let shared = Shared { next: AtomicU32::new(0), broken: AtomicBool::new(false), counts: Mutex::default() };
    let outcomes = thread::scope(|scope| {
        let work = || work(name, &good, url, plan, end, &shared);
        let threads: Vec<_> = (0..plan.jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    for outcome in outcomes {
        outcome.map_err(|_| anyhow::anyhow!("a thread of this program panicked"))??;
    }
    let counts = shared.counts.into_inner().unwrap_or_default();
    counts.print(name, begun.elapsed());
    Ok(counts)
}

/// What the threads have together.
struct Shared {
    next: AtomicU32,
    broken: AtomicBool,
    counts: Mutex<Counts>,
}

impl Shared {
    /// Counts what copy `number` was answered with, and shows that the work goes on.
    fn record(
        &self,
        name: &str,
        plan: &Arguments,
        number: u32,
        (status, answer): (u16, &Value),
        took: Duration,
    ) -> anyhow::Result<()> {
        let kind = kind(status, answer);
        if kind == CRASHED {
            println!("  a worker died of {name}, seed {}, damage {number}; see the host's log", plan.seed);
        }
        let Ok(mut counts) = self.counts.lock() else { bail!("a thread of this program panicked") };
        if status >= 500 {
            counts.wrong.push(format!("{name}, damage {number}: {status} {kind}"));
        }
        counts.add(kind, took);
        if counts.sent.is_multiple_of(SIGN) {
            let (sent, wrong) = (counts.sent, counts.wrong.len());
            println!("  {name}: {sent} of {}, {wrong} not as they must be", plan.mutations);
        }
        Ok(())
    }
}

/// Sends copy after copy until there are no more, or until `end`.
fn work(
    name: &str,
    good: &[u8],
    url: &str,
    plan: &Arguments,
    end: Option<Instant>,
    shared: &Shared,
) -> anyhow::Result<()> {
    let host = Host::new(url);
    while !shared.broken.load(Ordering::Relaxed) && end.is_none_or(|end| Instant::now() < end) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.mutations {
            break;
        }
        let copy = Damage::new(plan.seed.wrapping_add(u64::from(number).wrapping_mul(STRIDE))).damaged(good);
        let begun = Instant::now();
        let answered = host.upload(&copy).with_context(|| format!("{name}, damage {number}"));
        if answered.is_err() {
            shared.broken.store(true, Ordering::Relaxed);
        }
        let (status, answer) = answered?;
        shared.record(name, plan, number, (status, &answer), begun.elapsed())?;
    }
    Ok(())
}

/// What a copy was answered with, and by whom.
fn kind(status: u16, answer: &Value) -> String {
    let kind = kind_of(status, answer);
    let detail = answer.get("detail").and_then(Value::as_str);
    let compiler = status >= 300 && detail.is_some_and(|detail| detail.contains(COMPILER));
    if compiler { format!("{kind} by the compiler") } else { kind }
}
