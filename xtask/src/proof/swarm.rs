//! Kills any process of a cluster on a swarm while it works and is watched, then looks whether anything was lost or
//! doubled.

mod fault;
mod watcher;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;
use fastrand::Rng;

use self::fault::{Fault, Target};
use self::watcher::Watcher;
use super::course::{Course, Evidence};
use super::witness::Witness;
use super::work::{self, Work};
use crate::cluster::Swarm;
use crate::place::Place;
use crate::process::joined;
use crate::rest::Host;

/// Each target once.
const SHORT: usize = Target::ALL.len();
/// Between two faults.
const CALM: Duration = Duration::from_secs(4);
/// For one answer; one that does not come is asked for again.
const ANSWER: Duration = Duration::from_secs(10);
/// For one connection that events come over: one whose other end is gone stays open without a word.
const FOLLOWED: Duration = Duration::from_secs(30);
/// Between two requests at most, milliseconds.
const PAUSE_MS: u64 = 600;

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
    let course = Course::new(&quick, &all, PAUSE_MS);
    let mut trial = Trial { swarm, rng, course, hosts: &quick, all: &all };
    let (broken, watched) = trial.disturb_often(arguments.kills)?;
    before.extend(watched);
    let which = format!("seed {}: {} faults", arguments.seed, arguments.kills);
    let evidence = Evidence { hosts: &hosts, references: &references, before: &before, witness };
    trial.course.conclude(&which, evidence, broken)
}

/// Faults, one after the other.
struct Trial<'a> {
    swarm: &'a Swarm,
    rng: Rng,
    course: Course<'a>,
    hosts: &'a [Host],
    all: &'a [Work],
}

impl Trial<'_> {
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
        self.course.give_work(CALM, &mut self.rng);
        let fault = Fault::draw(number, &mut self.rng);
        let course = &mut self.course;
        let what = fault.strike(self.swarm, &mut self.rng, |time, rng| course.give_work(time, rng))?;
        Ok(self.course.recover(number + 1, &what))
    }
}
