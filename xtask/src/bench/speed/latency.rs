//! One trivial Octave program after another: with a container that waited, without one, with a result that is there, and
//! by the peers. All in turn.

use std::time::Duration;

use serde_json::{Value, json};

use super::peers;
use super::sides::Side;
use super::{Part, Scene, table};
use crate::bench::figures::Times;
use crate::bench::runs::{PIPELINE, SCRIPT, timed};

/// Requests for a result that is there, in a round: each takes little time.
const REUSED: u32 = 10;

/// Rounds that warm caches up and do not count: a command is started ahead once it was asked for twice.
pub(super) const WARMING: u32 = 2;

/// Whoever takes his turn.
struct Contender<'a> {
    name: &'static str,
    /// It is measured in one of so many rounds.
    every: u32,
    job: Box<dyn FnMut() -> anyhow::Result<Vec<Duration>> + 'a>,
    times: Times,
}

impl<'a> Contender<'a> {
    fn new(name: &'static str, every: u32, job: impl FnMut() -> anyhow::Result<Vec<Duration>> + 'a) -> Self {
        Self { name, every, job: Box::new(job), times: Times::default() }
    }
}

pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let (warm, cold) = (Side::warm(scene, &[PIPELINE], &[])?, Side::cold(scene, &[PIPELINE])?);
    let mut ours = ours(scene, &warm, &cold);
    let mut theirs = Vec::new();
    // Nobody is beside a result that is there.
    if scene.shows(Part::Warm) || scene.shows(Part::Cold) {
        theirs.extend(
            peers::all(scene)
                .into_iter()
                .map(|mut peer| Contender::new(peer.name, peer.every, move || Ok(vec![peer.job()?]))),
        );
    }
    for round in 0..WARMING + scene.extent.rounds {
        for contender in ours.iter_mut().chain(&mut theirs).filter(|one| round % one.every == 0) {
            let times = (contender.job)()?;
            if round >= WARMING {
                times.into_iter().for_each(|time| contender.times.add(time));
            }
            warm.calm()?;
            cold.calm()?;
        }
    }
    report(&mut ours, &mut theirs);
    drop((ours, theirs));
    warm.stop()?;
    cold.stop()
}

/// Our own, the first of which has a container wait.
fn ours<'a>(scene: &Scene<'_>, warm: &'a Side, cold: &'a Side) -> Vec<Contender<'a>> {
    let mut all = vec![Contender::new("warm", 1, || Ok(vec![anew(warm)?]))];
    if scene.shows(Part::Cold) {
        all.push(Contender::new("cold", 1, || Ok(vec![anew(cold)?])));
    }
    if scene.shows(Part::Reuse) {
        all.push(Contender::new("reuse", 1, || (0..REUSED).map(|_| again(warm)).collect()));
    }
    all
}

/// The program, computed.
pub(super) fn anew(side: &Side) -> anyhow::Result<Duration> {
    let request = json!({ "params": { "script": SCRIPT }, "options": { "reuse": false } });
    time(side, &request)
}

/// The program, with the same seed each time.
pub(super) fn again(side: &Side) -> anyhow::Result<Duration> {
    time(side, &json!({ "params": { "script": SCRIPT }, "seed": 1 }))
}

fn time(side: &Side, request: &Value) -> anyhow::Result<Duration> {
    Ok(timed(&side.host, PIPELINE, request)?.0)
}

fn report(ours: &mut [Contender<'_>], theirs: &mut [Contender<'_>]) {
    for own in ours {
        if own.name == "reuse" {
            table::times_alone("a result that is there", &mut own.times);
            continue;
        }
        for peer in &mut *theirs {
            table::times(&format!("{} run", own.name), &mut own.times, (peer.name, &mut peer.times));
        }
    }
}
