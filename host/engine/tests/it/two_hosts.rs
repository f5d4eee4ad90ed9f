//! Two engines over one store: whoever changes the life of a plugin at the same time, its promises hold.

use bytes::Bytes;
use futures_util::future::join_all;
use semver::Version;
use simulay_containers::scripted::Scripted;
use simulay_engine::{Activation, Catalog, LifeError, Selector, Settings, Submission};
use simulay_model::{Manifest, Plugin, PluginEventKind as Kind, PluginName, PluginState, Resources};
use simulay_sandbox::ScriptedSandbox;

use crate::house::{self, House, answer, manifest, me};

fn name() -> PluginName {
    "pairs".parse().unwrap()
}

fn at(major: u64) -> Version {
    Version::new(major, 0, 0)
}

/// A version that asks for so many threads and so much memory; its bytes are its number.
fn version(major: u64, cpu_milli: u32, memory_mib: u32) -> Manifest {
    let max_resources = Resources { cpu_milli, memory_mib, ..manifest().max_resources };
    Manifest { version: at(major), max_resources, ..manifest() }
}

/// Two engines over one store; they share nothing else.
fn open(directory: &tempfile::TempDir, versions: &[Manifest]) -> [House; 2] {
    let stored = house::open(directory.path());
    let with = |sandbox: ScriptedSandbox, manifest: &Manifest| {
        let bytes = manifest.version.to_string();
        sandbox.with(bytes.as_bytes(), manifest.clone(), |call, _| Ok(answer(call)))
    };
    let sandbox = versions.iter().fold(ScriptedSandbox::default(), with);
    [(), ()].map(|()| House::over(&stored, &Scripted::new(), Settings::default(), sandbox.clone()))
}

async fn submit(catalog: &Catalog, major: u64) -> Plugin {
    let asked = Submission { pending: false, id: String::new() };
    catalog.submit(&me(), Bytes::from(at(major).to_string()), asked).await.unwrap().0
}

async fn activate(catalog: &Catalog, major: u64) -> Plugin {
    let asked = Activation { approve: false, check: false };
    catalog.activate(&me(), &name(), &at(major), asked).await.unwrap()
}

async fn kinds(catalog: &Catalog, major: u64) -> (Plugin, Vec<Kind>) {
    let selector = Selector { name: name(), version: Some(at(major)) };
    let plugin = catalog.plugin(&me(), &selector).await.unwrap().unwrap();
    let history = catalog.details(&me(), plugin.clone()).await.unwrap().history;
    (plugin, history.iter().map(|event| event.kind).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_uploads_at_once_the_second_is_held_against_the_first() {
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        // Neither asks for more than 1.0.0, and each for more than the other.
        let versions = [version(1, 500, 64), version(2, 500, 32), version(3, 250, 64)];
        let [one, other] = open(&directory, &versions);
        submit(&one.engine.catalog, 1).await;
        let (one, other) = (one.engine.catalog, other.engine.catalog);
        let second = tokio::spawn(async move { submit(&other, 3).await });
        let states = [submit(&one, 2).await, second.await.unwrap()].map(|plugin| plugin.state);
        assert!(
            states.contains(&PluginState::Active) && states.contains(&PluginState::Pending),
            "{states:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rollbacks_at_once_go_back_once_from_the_version_meant() {
    let directory = tempfile::tempdir().unwrap();
    let versions = [version(1, 500, 64), version(2, 500, 64), version(3, 500, 64)];
    let houses = open(&directory, &versions);
    for major in 1..=3 {
        submit(&houses[0].engine.catalog, major).await;
    }
    for _ in 0..10 {
        let rollbacks = (0..6).map(|number| {
            let catalog = houses[number % 2].engine.catalog.clone();
            tokio::spawn(async move { catalog.roll_back(&me(), &name(), Some(&at(3))).await })
        });
        let mut done = 0;
        for answer in join_all(rollbacks).await {
            match answer.unwrap() {
                Ok(rolled) => {
                    assert_eq!((rolled.from.manifest.version, rolled.to.manifest.version), (at(3), at(2)));
                    done += 1;
                }
                Err(error) => assert!(matches!(&error, LifeError::OtherServed(version) if *version == at(2))),
            }
        }
        assert_eq!(done, 1);
        let served =
            houses[1].engine.catalog.plugin(&me(), &Selector { name: name(), version: None }).await.unwrap();
        assert_eq!(served.unwrap().manifest.version, at(2));
        activate(&houses[1].engine.catalog, 3).await;
    }
}

/// Where a history leads; none when one of its events does not follow from the state before.
fn replayed(history: &[Kind]) -> Option<PluginState> {
    assert_eq!(history[0], Kind::Uploaded);
    history[1..].iter().try_fold(PluginState::Active, |state, kind| match kind {
        Kind::Activated if state != PluginState::Active => Some(PluginState::Active),
        Kind::Retired if state != PluginState::Retired => Some(PluginState::Retired),
        Kind::RolledBack if state == PluginState::Active => Some(PluginState::Retired),
        _ => None,
    })
}

/// One of the things an operator may do.
async fn act(catalog: &Catalog, number: usize) {
    match number % 5 {
        0 => drop(activate(catalog, 1).await),
        1 => drop(activate(catalog, 2).await),
        2 => drop(catalog.retire(&me(), &name(), &at(1)).await.unwrap()),
        3 => drop(catalog.roll_back(&me(), &name(), Some(&at(2))).await),
        _ => drop(submit(catalog, 3 + number as u64 / 5).await),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_at_once_every_change_follows_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let versions: Vec<_> = (1..20).map(|major| version(major, 500, 64)).collect();
    let houses = open(&directory, &versions);
    submit(&houses[0].engine.catalog, 1).await;
    submit(&houses[1].engine.catalog, 2).await;
    let acts = (0..80).map(|number| {
        let catalog = houses[number % 2].engine.catalog.clone();
        tokio::spawn(async move { act(&catalog, number).await })
    });
    for act in join_all(acts).await {
        act.unwrap();
    }
    for major in 1..=2 {
        let (plugin, history) = kinds(&houses[0].engine.catalog, major).await;
        assert_eq!(replayed(&history), Some(plugin.state), "{history:?}");
        assert_eq!(plugin.revision, history.len() as u64 - 1, "each change is told, and none twice");
        assert_eq!(plugin.retired_at.is_some(), plugin.state == PluginState::Retired);
        assert!(plugin.approved_at.is_some());
    }
    let all = houses[1].engine.catalog.plugins(&me()).await.unwrap();
    assert_eq!(all.len(), 2 + 16, "each upload is there");
}
