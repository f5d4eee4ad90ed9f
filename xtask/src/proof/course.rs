//! The course of a proof by faults of a cluster: work is given meanwhile, asked for until it is answered, and judged in
//! the end.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use fastrand::Rng;
use serde_json::Value;

use super::judge::judge;
use super::ledger::Ledger;
use super::witness::Witness;
use super::work::Work;
use crate::process::poll;
use crate::rest::Host;

/// For every open request to be answered after a fault.
const RECOVERY: Duration = Duration::from_secs(30);
/// Between two requests at least, milliseconds.
const SHORTEST_MS: u64 = 100;

/// What goes on from fault to fault.
pub(super) struct Course<'a> {
    hosts: &'a [Host],
    all: &'a [Work],
    /// Between two requests at most, milliseconds.
    longest_ms: u64,
    ledger: Ledger,
}

/// What a course is judged by.
pub(super) struct Evidence<'a> {
    /// Each tells of all runs.
    pub(super) hosts: &'a [Host],
    /// The outcome of each pipeline when nothing disturbs it.
    pub(super) references: &'a HashMap<&'static str, Value>,
    /// Runs that were not asked for here.
    pub(super) before: &'a BTreeSet<String>,
    /// Of the containers that were started.
    pub(super) witness: Witness,
}

impl<'a> Course<'a> {
    /// Asks `hosts` for any of `all`, with pauses that are no longer than this.
    pub(super) fn new(hosts: &'a [Host], all: &'a [Work], longest_ms: u64) -> Self {
        Self { hosts, all, longest_ms, ledger: Ledger::default() }
    }

    /// Asks for runs for this time, now by way of one host, now of another.
    pub(super) fn give_work(&mut self, time: Duration, rng: &mut Rng) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if let Some(host) = rng.choice(self.hosts) {
                self.ledger.ask(host, self.all, rng);
            }
            let pause = Duration::from_millis(rng.u64(SHORTEST_MS..self.longest_ms));
            thread::sleep(pause.min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Asks again for what was not answered, after the fault that `what` is; what is wrong when that takes too long.
    pub(super) fn recover(&mut self, number: impl Display, what: &str) -> Option<String> {
        let begun = Instant::now();
        let answered = poll(RECOVERY, || self.all_answered().then_some(()));
        println!("  {number:3} {what}: all answered after {:.1} s", begun.elapsed().as_secs_f64());
        answered.is_none().then(|| format!("after {what}, requests are not answered within {RECOVERY:?}"))
    }

    fn all_answered(&mut self) -> bool {
        self.hosts.iter().for_each(|host| self.ledger.ask_again(host));
        self.ledger.unanswered() == 0
    }

    /// Fails when a promise was broken: by then some were, as `broken` tells. `which` course it was is told.
    pub(super) fn conclude(
        &self,
        which: &str,
        evidence: Evidence<'_>,
        mut broken: Vec<String>,
    ) -> anyhow::Result<()> {
        let Evidence { hosts, references, before, mut witness } = evidence;
        for host in hosts {
            broken.extend(judge(host, &self.ledger, references)?);
            broken.extend(self.ledger.compare(&host.runs("")?, before));
        }
        let (starts, wrong) = witness.judge()?;
        broken.extend(wrong);
        let (accepted, kept_not) = (self.ledger.accepted().len(), broken.len());
        println!(
            "{which}, {accepted} runs accepted, {starts} containers started, {kept_not} promises broken"
        );
        if broken.is_empty() { Ok(()) } else { bail!("{}", broken.join("\n")) }
    }
}
