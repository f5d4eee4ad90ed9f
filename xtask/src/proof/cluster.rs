//! Kills, freezes and restarts any process of a cluster while it works, then looks whether anything was lost or doubled.

use std::time::Duration;

use clap::Args;
use fastrand::Rng;

use super::course::{Course, Evidence};
use super::witness::Witness;
use super::work;
use crate::local_cluster::{LocalCluster, Process, Shape};
use crate::place::Place;
use crate::rest::Host;
use crate::setup::{self, ImageId};

/// Faults in the short form: each process is hit.
const SHORT: u32 = 7;
const SEED: u64 = 1;
/// Two of each role that may be several: what one lets go of, the other takes up.
const SHAPE: Shape = Shape { apis: 2, runners: 2 };
/// Between two faults, milliseconds.
const CALM_MS: u64 = 4_000;
/// The longest that a process is frozen, milliseconds: some are longer than a connection is waited for.
const FROZEN_MS: u64 = 15_000;
/// For a process that was killed to be started again, as an engine of services does it, milliseconds.
const DOWN_MS: u64 = 3_000;
/// For one answer; one that does not come is asked for again.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two requests at most, milliseconds.
const PAUSE_MS: u64 = 1_000;

/// How often, and which way.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Faults.
    #[arg(long, default_value_t = SHORT)]
    faults: u32,
    /// Seed of the moments, the faults and the work.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
}

/// Sets up and disturbs.
pub(crate) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    prove(place, &setup::for_tests(place)?, arguments)
}

/// Each process once, the same way every time.
pub(crate) fn short(place: &Place, octave: &ImageId) -> anyhow::Result<()> {
    prove(place, octave, &Arguments { faults: SHORT, seed: SEED })
}

fn prove(place: &Place, octave: &ImageId, arguments: &Arguments) -> anyhow::Result<()> {
    let mut cluster = LocalCluster::start(place, &place.simulay(), octave, SHAPE)?;
    let first = cluster.api(0)?;
    let all = work::prepare(place, &first)?;
    let references = work::references(&first, &all)?;
    let hosts = (0..SHAPE.apis).map(|number| Ok(cluster.api(number)?.within(ANSWER)));
    let hosts: Vec<Host> = hosts.collect::<anyhow::Result<_>>()?;
    let (before, witness) = (first.runs("")?, Witness::of(cluster.instance())?);
    let rng = Rng::with_seed(arguments.seed);
    let mut trial = Trial { rng, victims: Vec::new(), course: Course::new(&hosts, &all, PAUSE_MS) };
    let mut broken = Vec::new();
    for number in 1..=arguments.faults {
        broken.extend(trial.disturb(&mut cluster, number)?);
    }
    let which = format!("seed {}: {} faults", arguments.seed, arguments.faults);
    let evidence = Evidence { hosts: &hosts, references: &references, before: &before, witness };
    trial.course.conclude(&which, evidence, broken)
}

/// What happens to a process.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// It dies, and is started again after this time.
    Killed(Duration),
    /// It stands still for this time.
    Frozen(Duration),
    /// It is asked to end, and is started again.
    Restarted,
}

impl Fault {
    fn draw(rng: &mut Rng) -> Self {
        match rng.u32(0..4) {
            0 => Self::Frozen(Duration::from_millis(rng.u64(500..FROZEN_MS))),
            1 => Self::Restarted,
            _ => Self::Killed(Duration::from_millis(rng.u64(0..DOWN_MS))),
        }
    }
}

/// Faults, one after the other.
struct Trial<'a> {
    rng: Rng,
    victims: Vec<String>,
    course: Course<'a>,
}

impl Trial<'_> {
    /// Gives work, lets a fault happen, gives work meanwhile; what is not as it was soon after.
    fn disturb(&mut self, cluster: &mut LocalCluster, number: u32) -> anyhow::Result<Option<String>> {
        let calm = Duration::from_millis(self.rng.u64(500..CALM_MS));
        self.give_work(calm);
        let fault = Fault::draw(&mut self.rng);
        let name = self.victim(cluster);
        self.strike(cluster.process(&name)?, fault)?;
        Ok(self.course.recover(number, &format!("{fault:?} of {name}")))
    }

    /// The next to be hit: all before any comes again.
    fn victim(&mut self, cluster: &LocalCluster) -> String {
        if self.victims.is_empty() {
            self.victims = cluster.names();
            self.rng.shuffle(&mut self.victims);
        }
        self.victims.pop().unwrap_or_default()
    }

    fn strike(&mut self, process: &mut Process, fault: Fault) -> anyhow::Result<()> {
        match fault {
            Fault::Killed(down) => {
                process.kill();
                self.give_work(down);
                process.revive()
            }
            Fault::Frozen(time) => {
                process.freeze();
                self.give_work(time);
                process.thaw();
                Ok(())
            }
            Fault::Restarted => {
                process.stop();
                process.revive()
            }
        }
    }

    fn give_work(&mut self, time: Duration) {
        self.course.give_work(time, &mut self.rng);
    }
}
