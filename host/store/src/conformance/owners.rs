//! What belongs to others is not there.

use simulay_model::OwnerFilter::{self, Any, Only};
use simulay_model::{AccountName, Change, Description, Digest, Plugin, Quotas, Run, RunId};

use super::Subject;
use super::samples::{ended, planned, plugin, run, started};
use crate::{RunFilter, RunQuery, StoreError, Upload};

pub(super) fn account(name: &str) -> AccountName {
    name.parse().unwrap()
}

pub(super) fn run_of(owner: &str) -> Run {
    Run { owner: account(owner), ..run("heat") }
}

pub(super) fn plugin_of(owner: &str, version: &str) -> Plugin {
    Plugin { owner: account(owner), ..plugin("heat", version, version.as_bytes()) }
}

pub(super) fn uploads<const N: usize>(blobs: [Digest; N]) -> Vec<Upload> {
    blobs.map(|sha256| Upload { sha256, size: 6 }).to_vec()
}

pub(super) fn only(owner: &str) -> OwnerFilter {
    Only(account(owner))
}

impl Subject {
    /// The run is there, or is not, in every way in which it is asked for.
    pub(super) async fn expect_run(&self, filter: &OwnerFilter, run: RunId, there: bool) {
        let Self { runs, journal, overview, .. } = self;
        let values = overview.values(filter, vec![run], vec!["params:/width".parse().unwrap()]).await;
        assert_eq!(values.unwrap().contains_key(&run), there, "{filter:?}");
        let counted = overview.count(filter, &RunFilter::default(), 10).await.unwrap();
        assert_eq!(counted, usize::from(there), "{filter:?}");
        assert_eq!(overview.tally(filter, None, None).await.unwrap().running, counted as u64, "{filter:?}");
        let found = runs.get(&OwnerFilter::Any, run).await.unwrap().unwrap();
        let as_it_is = Description { name: found.name, labels: found.labels };
        let described = runs.describe(filter, run, &as_it_is, &as_it_is).await;
        assert_eq!(described.is_ok(), there, "{filter:?}: {described:?}");
        assert_eq!(runs.get(filter, run).await.unwrap().is_some(), there, "{filter:?}");
        assert_eq!(runs.summary(filter, run).await.unwrap().is_some(), there, "{filter:?}");
        assert_eq!(runs.head(filter, run).await.unwrap().is_some(), there, "{filter:?}");
        assert_eq!(journal.calls(filter, run).await.unwrap().len(), usize::from(there), "{filter:?}");
        assert_eq!(journal.call(filter, run, 0, 0).await.unwrap().is_some(), there, "{filter:?}");
        assert_eq!(journal.artifacts(filter, run).await.unwrap().is_empty(), !there, "{filter:?}");
        assert_eq!(journal.events(filter, run, 0, 10).await.unwrap().is_empty(), !there, "{filter:?}");
    }

    /// The plugin, the only one there is, is there, or is not, in every way in which it is asked for.
    pub(super) async fn expect_plugin(&self, filter: &OwnerFilter, plugin: &Plugin, there: bool) {
        let (plugins, name, version) = (&self.plugins, &plugin.manifest.name, &plugin.manifest.version);
        assert_eq!(plugins.version(filter, name, version).await.unwrap().is_some(), there, "{filter:?}");
        assert_eq!(plugins.served(filter, name).await.unwrap().is_some(), there, "{filter:?}");
        assert_eq!(plugins.versions(filter, name).await.unwrap().is_empty(), !there, "{filter:?}");
        assert_eq!(plugins.list(filter).await.unwrap().is_empty(), !there, "{filter:?}");
        assert_eq!(plugins.history(filter, name, version).await.unwrap().is_empty(), !there, "{filter:?}");
    }

    /// A run that printed and left a file.
    pub(super) async fn run_with_files(&self, run: &Run) {
        self.runs.create(run.clone(), None).await.unwrap();
        for change in [Change::Started, planned(0, 1), started(0, 0, 0), ended(0, 0, 0, 7)] {
            self.change(run.id, change).await;
        }
    }
}

/// In none of the ways in which it is asked for.
pub async fn a_run_of_another_is_not_there(subject: &Subject) {
    let run = run_of("ada");
    subject.run_with_files(&run).await;
    for (filter, there) in [(Any, true), (only("ada"), true), (only("bob"), false)] {
        subject.expect_run(&filter, run.id, there).await;
    }
}

/// Whatever else they are filtered by.
pub async fn lists_hold_ones_own(subject: &Subject) {
    let [ada, bob] = ["ada", "bob"].map(run_of);
    for run in [&ada, &bob] {
        subject.runs.create(run.clone(), None).await.unwrap();
    }
    let (pipeline, states) = (Some("heat".parse().unwrap()), vec![ada.state]);
    for filter in [
        RunFilter::default(),
        RunFilter { pipeline: pipeline.clone(), ..RunFilter::default() },
        RunFilter { states: states.clone(), ..RunFilter::default() },
        RunFilter { pipeline, states, ..RunFilter::default() },
    ] {
        let query = RunQuery { filter, limit: 10, ..RunQuery::default() };
        for (filter, expected) in
            [(Any, vec![bob.id, ada.id]), (only("ada"), vec![ada.id]), (only("eve"), vec![])]
        {
            let listed = subject.runs.list(&filter, query.clone()).await.unwrap();
            assert_eq!(listed.iter().map(|run| run.id).collect::<Vec<_>>(), expected, "{filter:?} {query:?}");
        }
    }
    let claimable = subject.runs.claimable(10).await.unwrap();
    for (filter, most, counted) in [(Any, 10, 2), (Any, 1, 1), (only("ada"), 10, 1), (only("eve"), 10, 0)] {
        assert_eq!(subject.runs.count_unfinished(&filter, most).await.unwrap(), counted, "{filter:?}");
    }
    let owners: Vec<_> = claimable.into_iter().map(|claimable| claimable.run.owner).collect();
    assert_eq!(owners, [account("ada"), account("bob")]);
}

/// Neither by name, nor in a list, nor what happened to it.
pub async fn a_plugin_of_another_is_not_there(subject: &Subject) {
    let plugin = plugin_of("ada", "1.0.0");
    subject.plugins.add(plugin.clone(), None).await.unwrap();
    for (filter, there) in [(Any, true), (only("ada"), true), (only("bob"), false)] {
        subject.expect_plugin(&filter, &plugin, there).await;
    }
}

/// With all its versions, also those that are still to come.
pub async fn a_name_belongs_to_whoever_took_it(subject: &Subject) {
    subject.plugins.add(plugin_of("ada", "1.0.0"), None).await.unwrap();
    for foreign in [plugin_of("bob", "1.0.0"), plugin_of("bob", "9.0.0")] {
        let refused = subject.plugins.add(foreign, None).await;
        assert!(matches!(refused, Err(StoreError::NameTaken)), "{refused:?}");
    }
    subject.plugins.add(plugin_of("ada", "2.0.0"), None).await.unwrap();
}

/// To know an address is not to have the bytes.
pub async fn bytes_are_named_by_whoever_uploaded_them(subject: &Subject) {
    let [shared, own, nobodys] = [&b"shared"[..], b"own", b"nobody's"].map(Digest::of);
    subject.uploads.record(&account("ada"), uploads([shared, own]), &Quotas::default()).await.unwrap();
    subject.uploads.record(&account("bob"), uploads([shared]), &Quotas::default()).await.unwrap();
    subject.uploads.record(&account("bob"), uploads([shared]), &Quotas::default()).await.unwrap();
    for (filter, expected) in [
        (Any, vec![shared, own]),
        (only("ada"), vec![shared, own]),
        (only("bob"), vec![shared]),
        (only("eve"), vec![]),
    ] {
        let nameable = subject.uploads.nameable(&filter, vec![shared, own, nobodys]).await.unwrap();
        assert_eq!(nameable, expected.into_iter().collect(), "{filter:?}");
    }
}

/// What a run took in or left was given to its owner.
pub async fn bytes_are_named_by_whose_run_shows_them(subject: &Subject) {
    let run = run_of("ada");
    subject.run_with_files(&run).await;
    let artifacts = subject.journal.artifacts(&Any, run.id).await.unwrap();
    let shown: Vec<_> = artifacts.iter().map(|shown| shown.artifact.sha256).collect();
    assert!(shown.len() > 1, "an input, and what the call left");
    let nameable = subject.uploads.nameable(&only("ada"), shown.clone()).await.unwrap();
    assert_eq!(nameable, shown.iter().copied().collect());
    assert_eq!(subject.uploads.nameable(&only("bob"), shown).await.unwrap(), [].into_iter().collect());
}
