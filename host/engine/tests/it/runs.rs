//! Runs that nobody disturbs, and some that go wrong.

use serde_json::json;
use simulay_containers::ContainerError;
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{CreateError, EngineError, NewRun, Settings};
use simulay_model::{Ending, ErrorKind, RunState};
use simulay_signals::{Signal, Signals as _};
use simulay_store::StoreError;

use crate::house::{House, me, request};

async fn house(containers: &Scripted) -> (tempfile::TempDir, House) {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), containers);
    house.upload().await;
    (directory, house)
}

#[tokio::test]
async fn steps_follow_each_other_and_containers_are_let_go() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).stdout("l"));
    containers.on("right", Act::exits(0).stdout("r"));
    let (_directory, house) = house(&containers).await;
    let id = house.create(json!({ "steps": 3 })).await;
    let run = house.ended(id).await;
    assert_eq!(run.report.unwrap().outcome, json!({ "steps": 3, "said": ["l", "r"] }));
    assert_eq!(containers.starts().len(), 6);
    assert_eq!(containers.present(), []);
}

#[tokio::test]
async fn a_failure_stops_the_sibling_and_names_the_call() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    containers.on("right", Act::ends(Ending::OutOfMemory));
    let (_directory, house) = house(&containers).await;
    let run = house.ended(house.create(json!({})).await).await;
    let error = run.error.unwrap();
    assert_eq!((error.kind, error.call.as_deref()), (ErrorKind::ContainerOom, Some("right")));
    assert_eq!(containers.present(), []);
}

#[tokio::test]
async fn a_plugin_that_wants_to_know_of_failures_is_told() {
    let containers = Scripted::new();
    containers.on("right", Act::exits(3).stdout("r"));
    let (_directory, house) = house(&containers).await;
    let run = house.ended(house.create(json!({ "report": true })).await).await;
    assert_eq!(run.state, RunState::Succeeded, "{run:?}");
}

#[tokio::test]
async fn what_the_platform_broke_is_tried_again_as_another_attempt() {
    let containers = Scripted::new();
    containers.on("left", Act::breaks(|| ContainerError::Lost("gone".to_owned())));
    containers.on("left", Act::exits(0));
    let (_directory, house) = house(&containers).await;
    let id = house.create(json!({})).await;
    assert_eq!(house.ended(id).await.state, RunState::Succeeded);
    let attempts: Vec<_> =
        containers.starts().iter().filter(|name| name.call == 0).map(|name| name.attempt).collect();
    assert_eq!(attempts, [0, 1]);
}

#[tokio::test]
async fn cancel_ends_the_run_once_and_is_idempotent() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    let (_directory, house) = house(&containers).await;
    let id = house.create(json!({})).await;
    house.started(2).await;
    house.engine.intake.cancel(&me(), id).await.unwrap();
    assert_eq!(house.ended(id).await.state, RunState::Cancelled);
    assert_eq!(house.engine.intake.cancel(&me(), id).await.unwrap().state, RunState::Cancelled);
    assert_eq!(containers.present(), []);
    let other = house.create(json!({ "report": true })).await;
    containers.release("left");
    house.ended(other).await;
    assert!(matches!(
        house.engine.intake.cancel(&me(), other).await,
        Err(EngineError::Records(StoreError::Ended))
    ));
}

#[tokio::test]
async fn a_signal_alone_ends_no_run() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    let directory = tempfile::tempdir().unwrap();
    let house =
        House::with(directory.path(), &containers, Settings { max_active_runs: 2, ..Settings::default() });
    house.upload().await;
    let [at_work, asked, waits] =
        [house.create(json!({})).await, house.create(json!({})).await, house.create(json!({})).await];
    house.started(4).await;
    [at_work, waits].iter().for_each(|run| house.signals.publish(Signal::CancelRequested(*run)));
    // Signals are heard in order: with this one those before are judged.
    house.engine.intake.cancel(&me(), asked).await.unwrap();
    assert_eq!(house.ended(asked).await.state, RunState::Cancelled);
    house.started(6).await;
    containers.release("left");
    for run in [at_work, waits] {
        assert_eq!(house.ended(run).await.state, RunState::Succeeded);
    }
}

#[tokio::test]
async fn the_queue_has_a_bound_and_places_come_back() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(0).held());
    let directory = tempfile::tempdir().unwrap();
    let house = House::with(
        directory.path(),
        &containers,
        Settings { max_unfinished_runs: 1, ..Settings::default() },
    );
    house.upload().await;
    let first = house.create(json!({})).await;
    assert!(matches!(
        house.engine.intake.create(&me(), request(json!({}))).await,
        Err(CreateError::QueueFull(1))
    ));
    containers.release("left");
    house.ended(first).await;
    // The place is free as soon as the task of the run has ended, which is after its last event.
    while house.engine.stats().unfinished_runs > 0 {
        tokio::task::yield_now().await;
    }
    house.create(json!({})).await;
}

#[tokio::test]
async fn wrong_parameters_are_all_named_and_nothing_is_stored() {
    let (_directory, house) = house(&Scripted::new()).await;
    let refused = house.engine.intake.create(&me(), request(json!({ "steps": 0, "report": "yes" }))).await;
    let Err(CreateError::ParamsInvalid(errors)) = refused else { panic!("{refused:?}") };
    let mut pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/report", "/steps"]);
    let all = house
        .engine
        .reader
        .runs(&me(), simulay_store::RunQuery { limit: 10, ..Default::default() })
        .await
        .unwrap();
    assert_eq!(all, []);
}

#[tokio::test]
async fn a_failed_command_is_tried_again_only_as_often_as_the_request_asks() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(3));
    containers.on("left", Act::exits(3));
    containers.on("left", Act::exits(0));
    let (_directory, house) = house(&containers).await;
    let asked = |retries| NewRun { retries, ..request(json!({})) };
    let refused = house.engine.intake.create(&me(), asked(11)).await;
    let Err(CreateError::InputInvalid(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.pointer, "/options/retries");
    let run = house.ended(house.engine.intake.create(&me(), asked(2)).await.unwrap().id).await;
    assert_eq!(run.state, RunState::Succeeded, "{run:?}");
    let attempts: Vec<_> =
        containers.starts().iter().filter(|name| name.call == 0).map(|name| name.attempt).collect();
    assert_eq!(attempts, [0, 1, 2]);
}

#[tokio::test]
async fn without_being_asked_a_failed_command_is_not_tried_again() {
    let containers = Scripted::new();
    containers.on("left", Act::exits(3));
    let (_directory, house) = house(&containers).await;
    let run = house.ended(house.create(json!({})).await).await;
    assert_eq!(run.error.unwrap().kind, ErrorKind::ContainerExit);
    assert!(containers.starts().iter().all(|name| name.attempt == 0));
}
