//! What was asked of the host, and what it acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use uuid::Uuid;

use super::work::Work;
use crate::rest::Host;

/// One request, which may go out more than once.
struct Asked {
    work: Work,
    name: Name,
}

/// What makes a request that comes again the same one.
enum Name {
    /// An `Idempotency-Key`.
    Key(String),
    /// The id of the run to be.
    Run(Uuid),
}

/// Requests and the runs they were promised.
#[derive(Default)]
pub(super) struct Ledger {
    /// Sent, and not acknowledged: the host may have accepted it or not.
    open: Vec<Asked>,
    accepted: BTreeMap<String, &'static str>,
}

impl Ledger {
    /// Asks for one more run of any of `all`; first again for what was never acknowledged.
    pub(super) fn ask(&mut self, host: &Host, all: &[Work], rng: &mut Rng) {
        self.ask_again(host);
        let Some(work) = rng.choice(all).cloned() else { return };
        let name =
            if rng.bool() { Name::Key(format!("{:032x}", rng.u128(..))) } else { Name::Run(Uuid::now_v7()) };
        self.open.push(Asked { work, name });
        self.ask_again(host);
    }

    /// Asks again for what was never acknowledged. What the host does not answer stays open.
    pub(super) fn ask_again(&mut self, host: &Host) {
        for asked in std::mem::take(&mut self.open) {
            let Asked { work, name } = &asked;
            let answer = match name {
                Name::Key(key) => host.create_once(work.pipeline, &work.request, key),
                Name::Run(id) => host.create_as(work.pipeline, &work.request, *id),
            };
            match answer {
                Ok(run) => drop(self.accepted.insert(run, work.pipeline)),
                Err(_) => self.open.push(asked),
            }
        }
    }

    /// Requests that the host never answered.
    pub(super) fn unanswered(&self) -> usize {
        self.open.len()
    }

    /// Each accepted run and its pipeline.
    pub(super) const fn accepted(&self) -> &BTreeMap<String, &'static str> {
        &self.accepted
    }

    /// What is wrong with the runs that the host has, besides those of `before`.
    pub(super) fn compare(&self, stored: &BTreeSet<String>, before: &BTreeSet<String>) -> Vec<String> {
        let accepted: BTreeSet<String> = self.accepted.keys().cloned().collect();
        let lost = accepted.difference(stored).map(|run| format!("run {run} was accepted and is lost"));
        let known: BTreeSet<String> = accepted.union(before).cloned().collect();
        let more =
            stored.difference(&known).map(|run| format!("run {run} was asked for once and is there twice"));
        lost.chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(runs: &[&str]) -> BTreeSet<String> {
        runs.iter().map(|run| (*run).to_owned()).collect()
    }

    #[test]
    fn lost_and_doubled_runs_are_found() {
        let accepted = [("a".to_owned(), "p"), ("b".to_owned(), "p")].into();
        let ledger = Ledger { accepted, ..Ledger::default() };
        let before = set(&["reference"]);
        assert!(ledger.compare(&set(&["a", "b", "reference"]), &before).is_empty());
        assert_eq!(ledger.compare(&set(&["a", "reference"]), &before).len(), 1);
        assert_eq!(ledger.compare(&set(&["a", "b", "c", "reference"]), &before).len(), 1);
    }
}
