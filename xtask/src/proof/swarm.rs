//! Kills any process of a cluster on a swarm while it works and is watched, then looks whether anything was lost or
//! doubled.

mod fault;
mod watcher;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use fastrand::Rng;

use self::fault::{Fault, Target};
use self::watcher::Watcher;
use super::judge::judge;
use super::ledger::Ledger;
use super::witness::Witness;
use super::work::{self, Work};
use crate::cluster::Swarm;
use crate::place::Place;
use crate::process::{joined, poll};
use crate::rest::Host;

/// Each target once.
const SHORT: usize = Target::ALL.len();
/// Between two faults.
const CALM: Duration = Duration::from_secs(4);
/// For one answer; one that does not come is asked for again.
const ANSWER: Duration = Duration::from_secs(10);
/// For one connection that events come over: one whose other end is gone stays open without a word.
const FOLLOWED: Duration = Duration::from_secs(30);
/// For every open request to be answered after a fault.
const RECOVERY: Duration = Duration::from_secs(30);

/// How often, and which way.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Faults.
    #[arg(long, default_value_t = SHORT)]
    kills: usize,
    /// Seed of the moments, the faults and the work.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Disturbs a cluster that is up; fails when a promise was broken.
pub(crate) fn prove(place: &Place, swarm: &Swarm, arguments: &Arguments) -> anyhow::Result<()> {
    let hosts = swarm.hosts()?;
    let first = hosts.first().cloned().ok_or_else(|| anyhow::anyhow!("there is no node"))?;
    let all = work::prepare(place, &first)?;
    let references = work::references(&first, &all)?;
    let mut before = first.runs("")?;
    let witness = Witness::on(swarm.instance(), swarm.daemons().into_iter().map(Some))?;
    let quick: Vec<Host> =
        hosts.iter().map(|host| host.clone().within(ANSWER).followed_within(FOLLOWED)).collect();
    let rng = Rng::with_seed(arguments.seed);
    let mut course = Course { swarm, rng, ledger: Ledger::default(), hosts: &quick, all: &all };
    let (mut broken, watched) = course.disturb_often(arguments.kills)?;
    before.extend(watched);
    for host in &hosts {
        broken.extend(judge(host, &course.ledger, &references)?);
        broken.extend(course.ledger.compare(&host.runs("")?, &before));
    }
    let (starts, wrong) = witness.judge()?;
    broken.extend(wrong);
    println!(
        "seed {}: {} faults, {} runs accepted, {starts} containers started, {} promises broken",
        arguments.seed,
        arguments.kills,
        course.ledger.accepted().len(),
        broken.len()
    );
    if broken.is_empty() { Ok(()) } else { bail!("{}", broken.join("\n")) }
}

/// What goes on from fault to fault.
struct Course<'a> {
    swarm: &'a Swarm,
    rng: Rng,
    ledger: Ledger,
    hosts: &'a [Host],
    all: &'a [Work],
}

impl Course<'_> {
    /// Faults, one after the other, while somebody follows runs and uploads; what is not as promised, and his runs.
    fn disturb_often(&mut self, kills: usize) -> anyhow::Result<(Vec<String>, BTreeSet<String>)> {
        let over = AtomicBool::new(false);
        let (hosts, all, seed) = (self.hosts, self.all, self.rng.u64(..));
        thread::scope(|scope| {
            let watching = scope.spawn(|| Watcher::new(hosts, all, seed).watch(&over));
            let disturbed = (0..kills).map(|number| self.disturb(number)).collect::<anyhow::Result<Vec<_>>>();
            over.store(true, Ordering::Relaxed);
            let seen = joined(watching);
            println!(
                "  {} runs followed to their ends, {} inputs uploaded meanwhile",
                seen.followed, seen.uploaded
            );
            let broken = disturbed?.into_iter().flatten().chain(seen.broken).collect();
            Ok((broken, seen.runs))
        })
    }

    /// Gives work, lets a fault happen, gives work meanwhile; what is not as it was soon after.
    fn disturb(&mut self, number: usize) -> anyhow::Result<Option<String>> {
        self.give_work(CALM);
        let fault = Fault::draw(number, &mut self.rng);
        let what = fault.strike(self.swarm, &mut self.rng, |time, rng| {
            give_work(&mut self.ledger, self.hosts, self.all, rng, time);
        })?;
        let begun = Instant::now();
        let answered = poll(RECOVERY, || self.all_answered().then_some(()));
        println!("  {:3} {what}: all answered after {:.1} s", number + 1, begun.elapsed().as_secs_f64());
        Ok(answered.is_none().then(|| format!("after {what}, requests are not answered within {RECOVERY:?}")))
    }

    fn give_work(&mut self, time: Duration) {
        give_work(&mut self.ledger, self.hosts, self.all, &mut self.rng, time);
    }

    fn all_answered(&mut self) -> bool {
        self.hosts.iter().for_each(|host| self.ledger.ask_again(host));
        self.ledger.unanswered() == 0
    }
}

/// Asks for runs for this time, now by way of one node, now of another.
fn give_work(ledger: &mut Ledger, hosts: &[Host], all: &[Work], rng: &mut Rng, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if let Some(host) = rng.choice(hosts) {
            ledger.ask(host, all, rng);
        }
        let pause = Duration::from_millis(rng.u64(100..600));
        thread::sleep(pause.min(end.saturating_duration_since(Instant::now())));
    }
}
