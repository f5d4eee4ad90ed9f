//! What changed is found by whoever goes on from a place, in order, and nothing is missed.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use simulay_model::OwnerFilter::{self, Any};
use simulay_model::{
    AccountName, Change, Decision, PluginChange, Principal, RunEnd, RunId, RunState, Scope, Visibility,
};

use super::Subject;
use super::owners::{only, plugin_of, run_of};
use super::samples::{now, planned, run, started};
use crate::{Changed, Place};

/// The place at which a moment begins.
fn begin(at: i64) -> Place {
    Place { at, id: String::new() }
}

impl Subject {
    async fn run_end(&self) -> Place {
        begin(self.changes.ends().await.unwrap().runs)
    }

    /// All runs that changed after a place, in order, read in pages of `limit`.
    async fn changed_runs(&self, filter: &OwnerFilter, after: Place, limit: u32) -> Vec<(RunId, RunState)> {
        let mut runs = Vec::new();
        let mut after = after;
        loop {
            let page = self.changes.changed_runs(filter, &after, limit).await.unwrap();
            assert!(page.is_sorted_by(|one, other| one.place < other.place), "{page:?}");
            assert!(page.iter().all(|changed| changed.place > after), "{page:?}");
            runs.extend(page.iter().map(|Changed { now, .. }| (now.id, now.state)));
            match page.last() {
                Some(last) if page.len() == limit as usize => after = last.place.clone(),
                _ => return runs,
            }
        }
    }

    /// The place of the last change of a run.
    async fn place_of(&self, run: RunId) -> Place {
        let all = self.changes.changed_runs(&Any, &begin(0), 1000).await.unwrap();
        all.into_iter().find(|changed| changed.now.id == run).unwrap().place
    }
}

/// Each once, by its last change.
pub async fn what_changed_is_found_as_it_is_by_now(subject: &Subject) {
    let (one, other) = (subject.queued().await, subject.queued().await);
    let all = subject.changed_runs(&Any, begin(0), 100).await;
    assert_eq!(all, [(one, RunState::Queued), (other, RunState::Queued)]);
    let read = subject.place_of(other).await;
    assert_eq!(subject.changed_runs(&Any, read.clone(), 100).await, []);
    subject.change(one, Change::Started).await;
    assert_eq!(subject.changed_runs(&Any, read.clone(), 100).await, [(one, RunState::Running)]);
    subject.change(other, Change::Started).await;
    subject.change(one, Change::ended(RunEnd::Cancelled)).await;
    let (ended, running) = ((one, RunState::Cancelled), (other, RunState::Running));
    assert_eq!(subject.changed_runs(&Any, read.clone(), 100).await, [running, ended]);
    assert_eq!(subject.changes.count_changed_runs(&Any, &read, 10).await.unwrap(), 2);
    assert_eq!(subject.changes.count_changed_runs(&Any, &read, 1).await.unwrap(), 1);
}

/// Calls come and go, and the run is at work all the while.
pub async fn what_changes_nothing_that_is_shown_is_not_found(subject: &Subject) {
    let run = subject.running(1).await;
    let read = subject.place_of(run).await;
    subject.change(run, started(0, 0, 0)).await;
    assert_eq!(subject.changed_runs(&Any, read, 100).await, []);
}

/// Whatever the size of the pages.
pub async fn what_changed_is_read_in_pages(subject: &Subject) {
    let mut runs = Vec::new();
    for _ in 0..7 {
        runs.push((subject.queued().await, RunState::Queued));
    }
    for limit in [1, 2, 3, 7, 8] {
        assert_eq!(subject.changed_runs(&Any, begin(0), limit).await, runs, "{limit}");
    }
}

/// Nor what lies outside a scope.
pub async fn what_belongs_to_others_is_not_found(subject: &Subject) {
    let (heat, of_bob) = (run_of("ada"), run_of("bob"));
    let beam = simulay_model::Run { owner: heat.owner.clone(), ..run("beam") };
    for run in [&heat, &of_bob, &beam] {
        subject.runs.create(run.clone(), None).await.unwrap();
    }
    let of_pipeline = Scope::Pipeline("beam".parse().unwrap());
    for (filter, expected) in [
        (only("ada"), vec![heat.id, beam.id]),
        (only("bob"), vec![of_bob.id]),
        (only("eve"), vec![]),
        (only("ada").within(&of_pipeline), vec![beam.id]),
        (only("ada").within(&Scope::Run(heat.id)), vec![heat.id]),
        (only("bob").within(&Scope::Run(heat.id)), vec![]),
    ] {
        let found = subject.changed_runs(&filter, begin(0), 100).await;
        assert_eq!(found.iter().map(|(run, _)| *run).collect::<Vec<_>>(), expected, "{filter:?}");
        let counted = subject.changes.count_changed_runs(&filter, &begin(0), 10).await.unwrap();
        assert_eq!(counted, expected.len(), "{filter:?}");
    }
}

/// With where they are in their lives, by those who see them.
pub async fn versions_that_changed_are_found(subject: &Subject) {
    let (first, second) = (plugin_of("ada", "1.0.0"), plugin_of("ada", "2.0.0"));
    for plugin in [&first, &second] {
        subject.plugins.add(plugin.clone(), None).await.unwrap();
    }
    let changed = async |filter: &OwnerFilter, after: &Place| {
        let found = subject.changes.changed_plugins(filter, after, 10).await.unwrap();
        let told = found.iter().map(|it| (it.now.version.to_string(), it.now.state)).collect::<Vec<_>>();
        (told, found.last().map(|last| last.place.clone()))
    };
    let active = first.state;
    let (told, read) = changed(&only("ada"), &begin(0)).await;
    assert_eq!(told, [("1.0.0".to_owned(), active), ("2.0.0".to_owned(), active)]);
    let read = read.unwrap();
    assert_eq!(changed(&only("ada"), &read).await.0, []);
    let principal = Principal { account: "ada".parse::<AccountName>().unwrap(), ..Principal::local("") };
    let retired = first.life().decide(now(), &principal, PluginChange::Retired).unwrap();
    let Decision::Commit(effects) = retired else { unreachable!("it was active") };
    let (name, version) = (&first.manifest.name, &first.manifest.version);
    subject.plugins.commit(name, version, effects).await.unwrap();
    let (told, _) = changed(&only("ada"), &read).await;
    assert_eq!(told.iter().map(|(version, _)| version.as_str()).collect::<Vec<_>>(), ["1.0.0"]);
    assert_ne!(told[0].1, active);
    let bob = OwnerFilter::Shared("bob".parse().unwrap());
    assert_eq!(changed(&bob, &begin(0)).await.0, []);
    subject.plugins.set_visibility(&only("ada"), name, Visibility::Public).await.unwrap();
    assert_eq!(changed(&bob, &begin(0)).await.0.len(), 2);
    assert_eq!(changed(&only("ada").within(&Scope::Run(RunId::generate())), &begin(0)).await.0, []);
}

/// Whoever goes on from where he was, as far back as the store asks for, finds the last state of each.
pub async fn of_many_who_write_at_once_nobody_is_missed(subject: &Subject) {
    let writer = async |number: usize| {
        let run = run("heat");
        subject.runs.create(run.clone(), None).await.unwrap();
        subject.change(run.id, Change::Started).await;
        subject.change(run.id, planned(0, 1)).await;
        if number.is_multiple_of(2) {
            subject.change(run.id, Change::ended(RunEnd::Cancelled)).await;
            (run.id, RunState::Cancelled)
        } else {
            (run.id, RunState::Running)
        }
    };
    let begun = subject.run_end().await;
    let written = async { join_all((0..12).map(writer)).await.into_iter().collect::<BTreeMap<_, _>>() };
    let follower = async {
        let (mut seen, mut end) = (BTreeMap::new(), begun);
        while seen.len() < 12 || seen.values().filter(|state| **state != RunState::Queued).count() < 12 {
            let from = begin(end.at - subject.changes.overlap().usual);
            for Changed { place, now } in subject.changes.changed_runs(&Any, &from, 100).await.unwrap() {
                seen.insert(now.id, now.state);
                end = end.max(place);
            }
        }
        end
    };
    let (written, end) = futures_util::future::join(written, follower).await;
    let all = begin(end.at - subject.changes.overlap().most.max(1000));
    let seen: BTreeMap<_, _> = subject.changed_runs(&Any, all, 5).await.into_iter().collect();
    assert_eq!(seen, written);
}
