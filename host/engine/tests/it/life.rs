//! Where plugins go in their life, and what becomes of runs meanwhile.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use semver::Version;
use serde_json::{Value, json};
use simulay_containers::scripted::{Act, Scripted};
use simulay_containers::{ImageId, Policy};
use simulay_engine::{
    Activation, CreateError, Engine, LifeError, Selector, Settings, Submission, UnknownImages, UploadError,
};
use simulay_model::{
    Digest, Disagreement, Example, Manifest, Next, Plugin, PluginName, PluginState, RunId, RunState,
};
use simulay_sandbox::{Answer, Answered, Call, ScriptedSandbox};

use crate::house::{House, answer, manifest, me, request};

const FIRST: &[u8] = b"pairs 1.0.0";
const SECOND: &[u8] = b"pairs 2.0.0";
const PATIENCE: Duration = Duration::from_secs(30);

/// Two versions of `pairs`; the outcome of each tells which it is.
fn open(directory: &Path, containers: &Scripted, settings: Settings) -> House {
    let both = ScriptedSandbox::default()
        .with(FIRST, version("1.0.0"), |call, _| Ok(marked("1.0.0", call)))
        .with(SECOND, version("2.0.0"), |call, _| Ok(marked("2.0.0", call)));
    House::of(directory, containers, settings, both)
}

fn version(text: &str) -> Manifest {
    let example = |name: &str, steps: u32| Example {
        name: name.to_owned(),
        params: json!({ "steps": steps }),
        expect: Some(json!({ "steps": steps })),
        tolerance: 0.0,
    };
    let examples = vec![example("one", 1), example("two", 2)];
    Manifest { version: text.parse().unwrap(), examples, ..manifest() }
}

fn marked(version: &str, call: Call) -> Answered {
    let mut answered = answer(call);
    if let Ok(Answer::Next(Next::Done(report))) = &mut answered.answer {
        let mut outcome = report.outcome.value().unwrap();
        outcome["version"] = json!(version);
        report.outcome = outcome.into();
    }
    answered
}

fn name() -> PluginName {
    "pairs".parse().unwrap()
}

fn at(text: &str) -> Version {
    text.parse().unwrap()
}

async fn submit(engine: &Engine, component: &'static [u8], pending: bool) -> Plugin {
    let asked = Submission { pending, id: String::new() };
    engine.catalog.submit(&me(), Bytes::from_static(component), asked).await.unwrap().0
}

async fn activate(engine: &Engine, version: &str, check: bool) -> Plugin {
    let asked = Activation { approve: true, check };
    engine.catalog.activate(&me(), &name(), &at(version), asked).await.unwrap()
}

async fn checked(engine: &Engine, version: &str) -> Plugin {
    let plugin = engine.catalog.checked(&me(), &name(), &at(version), PATIENCE).await.unwrap();
    assert!(!plugin.check.as_ref().is_some_and(simulay_model::Check::is_running), "{plugin:?}");
    plugin
}

async fn served(engine: &Engine) -> String {
    let plugin = engine.catalog.plugin(&me(), &Selector { name: name(), version: None }).await.unwrap();
    plugin.unwrap().manifest.version.to_string()
}

fn disagreements(plugin: Plugin) -> Vec<Disagreement> {
    plugin.check.unwrap().disagreements.unwrap()
}

/// Runs of whatever version serves, which must be this one.
async fn wave(house: &House, version: &'static str) -> Vec<(RunId, &'static str)> {
    let mut runs = Vec::new();
    for _ in 0..20 {
        let run = house.engine.intake.create(&me(), request(json!({}))).await.unwrap();
        assert_eq!(run.plugin.version, at(version));
        runs.push((run.id, version));
    }
    runs
}

#[tokio::test]
async fn upgrade_rollback_and_retirement_leave_runs_in_flight_on_their_version() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    let house = open(directory.path(), &containers, Settings::default());
    submit(&house.engine, FIRST, false).await;
    let mut runs = wave(&house, "1.0.0").await;
    submit(&house.engine, SECOND, false).await;
    runs.extend(wave(&house, "2.0.0").await);
    house.engine.catalog.roll_back(&me(), &name(), None).await.unwrap();
    runs.extend(wave(&house, "1.0.0").await);
    activate(&house.engine, "2.0.0", false).await;
    runs.extend(wave(&house, "2.0.0").await);
    house.engine.catalog.retire(&me(), &name(), &at("1.0.0")).await.unwrap();
    assert_eq!(house.engine.stats().unfinished_runs, 80, "all of them are in flight");
    containers.release("left");
    for (id, version) in runs {
        let run = house.ended(id).await;
        assert_eq!((run.state, &run.plugin.version), (RunState::Succeeded, &at(version)), "{run:?}");
        assert_eq!(run.report.unwrap().outcome.value().unwrap()["version"], version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_during_upgrades_and_rollbacks_gets_a_whole_run_of_one_version() {
    let directory = tempfile::tempdir().unwrap();
    let house = open(directory.path(), &Scripted::new(), Settings::default());
    submit(&house.engine, FIRST, false).await;
    let asking = (0..8).map(|_| {
        let engine = house.engine.clone();
        tokio::spawn(async move {
            let mut runs = Vec::new();
            for _ in 0..10 {
                runs.push(engine.intake.create(&me(), request(json!({}))).await.unwrap());
            }
            runs
        })
    });
    let asking: Vec<_> = asking.collect();
    submit(&house.engine, SECOND, false).await;
    for _ in 0..10 {
        house.engine.catalog.roll_back(&me(), &name(), Some(&at("2.0.0"))).await.unwrap();
        activate(&house.engine, "2.0.0", false).await;
    }
    for asked in asking {
        for accepted in asked.await.unwrap() {
            let run = house.ended(accepted.id).await;
            assert_eq!((run.state, &run.plugin), (RunState::Succeeded, &accepted.plugin), "{run:?}");
            assert_eq!(
                run.report.unwrap().outcome.value().unwrap()["version"],
                accepted.plugin.version.to_string()
            );
        }
    }
}

/// A host that stops while the examples of 2.0.0 are at work; their runs.
async fn interrupted(directory: &Path, containers: &Scripted) -> Vec<RunId> {
    containers.on("left", Act::exits(0).held());
    let settings = Settings { max_containers: 4, ..Settings::default() };
    let house = open(directory, containers, settings);
    submit(&house.engine, FIRST, false).await;
    submit(&house.engine, SECOND, true).await;
    let plugin = activate(&house.engine, "2.0.0", true).await;
    house.started(4).await;
    house.engine.shutdown().await;
    plugin.check.unwrap().runs
}

#[tokio::test]
async fn an_interrupted_check_leaves_the_version_before_and_goes_on_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    let runs = interrupted(directory.path(), &containers).await;
    let house = open(directory.path(), &containers, Settings::default());
    house.engine.recover().await.unwrap();
    assert_eq!(served(&house.engine).await, "1.0.0");
    let again = activate(&house.engine, "2.0.0", true).await;
    assert_eq!((again.state, &again.check.unwrap().runs), (PluginState::Pending, &runs), "the same check");
    containers.release("left");
    assert_eq!(checked(&house.engine, "2.0.0").await.state, PluginState::Active);
    assert_eq!(served(&house.engine).await, "2.0.0");
    assert_eq!(containers.starts().len(), 6, "nothing starts twice");
}

#[tokio::test]
async fn a_check_is_not_taken_up_for_a_version_that_was_retired_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    let runs = interrupted(directory.path(), &containers).await;
    let house = open(directory.path(), &containers, Settings::default());
    house.engine.recover().await.unwrap();
    house.engine.catalog.retire(&me(), &name(), &at("2.0.0")).await.unwrap();
    containers.release("left");
    for run in runs {
        house.ended(run).await;
    }
    // Takes the turn after the check has looked.
    assert_eq!(checked(&house.engine, "2.0.0").await.state, PluginState::Retired);
    assert_eq!(served(&house.engine).await, "1.0.0");
    house.engine.shutdown().await;
    assert_eq!(checked(&house.engine, "2.0.0").await.state, PluginState::Retired);
}

#[tokio::test]
async fn an_example_whose_run_fails_keeps_the_version_from_being_active() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    containers.on("right", Act::exits(3));
    let house = open(directory.path(), &containers, Settings::default());
    submit(&house.engine, FIRST, false).await;
    submit(&house.engine, SECOND, true).await;
    activate(&house.engine, "2.0.0", true).await;
    let plugin = checked(&house.engine, "2.0.0").await;
    assert_eq!(plugin.state, PluginState::Pending);
    let found = disagreements(plugin);
    let told = "example `one`: its run failed: ";
    assert!(found.len() == 2 && found[0].message.starts_with(told), "{found:?}");
    assert_eq!((&found[0].expected, &found[0].found), (&json!({ "steps": 1 }), &None::<Value>));
    // Asked again, when the reason is gone: the last failure goes to a run beside it.
    containers.on("right", Act::exits(0));
    house.ended(house.create(json!({})).await).await;
    activate(&house.engine, "2.0.0", true).await;
    assert_eq!(checked(&house.engine, "2.0.0").await.state, PluginState::Active);
}

#[tokio::test]
async fn a_check_needs_room_in_the_queue_for_all_examples() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { max_unfinished_runs: 1, ..Settings::default() };
    let house = open(directory.path(), &Scripted::new(), settings);
    submit(&house.engine, FIRST, true).await;
    let asked = Activation { approve: true, check: true };
    let refused = house.engine.catalog.activate(&me(), &name(), &at("1.0.0"), asked).await;
    assert!(matches!(refused, Err(LifeError::Create(CreateError::QueueFull(1)))), "{refused:?}");
    let plugin = house
        .engine
        .catalog
        .plugin(&me(), &Selector { name: name(), version: Some(at("1.0.0")) })
        .await
        .unwrap();
    assert_eq!(plugin.unwrap().check, None);
}

#[tokio::test]
async fn a_rollback_goes_back_only_from_the_version_meant() {
    let directory = tempfile::tempdir().unwrap();
    let house = open(directory.path(), &Scripted::new(), Settings::default());
    let engine = &house.engine;
    submit(engine, FIRST, false).await;
    let nothing = engine.catalog.roll_back(&me(), &name(), None).await;
    assert!(matches!(nothing, Err(LifeError::NothingBefore(version)) if version == at("1.0.0")));
    submit(engine, SECOND, false).await;
    let other = engine.catalog.roll_back(&me(), &name(), Some(&at("1.0.0"))).await;
    assert!(matches!(other, Err(LifeError::OtherServed(version)) if version == at("2.0.0")));
    let done = engine.catalog.roll_back(&me(), &name(), Some(&at("2.0.0"))).await.unwrap();
    assert_eq!((done.from.state, done.to.state), (PluginState::Retired, PluginState::Active));
    assert_eq!(served(engine).await, "1.0.0");
}

/// Containers whose operator registered these images.
fn with_images(names: &[&str]) -> Scripted {
    let image = |name: &&str| ((*name).to_owned(), ImageId::from(Digest::of(name.as_bytes())));
    Scripted::with_policy(Policy { images: names.iter().map(image).collect(), ..Policy::default() })
}

#[tokio::test]
async fn a_version_waits_until_its_images_are_registered() {
    let directory = tempfile::tempdir().unwrap();
    let asked = Activation { approve: true, check: false };
    let House { engine, .. } = open(directory.path(), &with_images(&[]), Settings::default());
    let plugin = submit(&engine, FIRST, false).await;
    assert_eq!(plugin.state, PluginState::Pending);
    let refused = engine.catalog.activate(&me(), &name(), &at("1.0.0"), asked).await;
    assert!(matches!(&refused, Err(LifeError::UnknownImages(UnknownImages(names))) if names == &["octave"]));
    let own = engine.catalog.upload(&me(), Bytes::from_static(SECOND)).await;
    assert!(matches!(own, Err(UploadError::UnknownImages(_))), "{own:?}");
    engine.shutdown().await;
    drop(engine);

    let House { engine, .. } = open(directory.path(), &with_images(&["octave"]), Settings::default());
    let plugin = engine.catalog.activate(&me(), &name(), &at("1.0.0"), asked).await.unwrap();
    assert_eq!(plugin.state, PluginState::Active);
    assert_eq!(submit(&engine, SECOND, false).await.state, PluginState::Active);
}
