//! A host that stopped in the middle, and the one that follows it.

use serde_json::json;
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::Settings;
use simulay_model::{ContainerName, RunId, RunState};

use crate::house::House;

/// A run whose two containers are at work when its host goes away.
async fn interrupted(directory: &std::path::Path, containers: &Scripted) -> RunId {
    containers.on("left", Act::exits(0).held());
    containers.on("right", Act::exits(0).held());
    let house = House::open(directory, containers);
    house.upload().await;
    let id = house.create(json!({})).await;
    house.started(2).await;
    house.engine.shutdown().await;
    id
}

#[tokio::test]
async fn containers_at_work_are_adopted_and_none_starts_twice() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    let id = interrupted(directory.path(), &containers).await;
    assert_eq!(containers.present().len(), 2, "containers go on without a host");
    let house = House::open(directory.path(), &containers);
    assert_eq!(house.engine.recover().await.unwrap(), 1);
    containers.release("left");
    containers.release("right");
    assert_eq!(house.ended(id).await.state, RunState::Succeeded);
    assert_eq!(containers.starts().len(), 2);
    assert_eq!(containers.present(), []);
}

#[tokio::test]
async fn a_host_that_stops_hands_its_runs_over_before_their_leases_end() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    let id = interrupted(directory.path(), &containers).await;
    let another = Settings { lease_holder: "another".to_owned(), ..Settings::default() };
    let house = House::with(directory.path(), &containers, another);
    assert_eq!(house.engine.recover().await.unwrap(), 1);
    containers.release("left");
    containers.release("right");
    assert_eq!(house.ended(id).await.state, RunState::Succeeded);
    assert_eq!(containers.starts().len(), 2);
}

#[tokio::test]
async fn a_container_that_vanished_goes_on_as_the_next_attempt() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    let id = interrupted(directory.path(), &containers).await;
    let lost = ContainerName { run: id, step: 0, call: 0, attempt: 0 };
    containers.lose(lost);
    let house = House::open(directory.path(), &containers);
    house.engine.recover().await.unwrap();
    containers.release("left");
    containers.release("right");
    assert_eq!(house.ended(id).await.state, RunState::Succeeded);
    let starts = containers.starts();
    assert_eq!(starts.iter().filter(|name| **name == lost).count(), 1);
    assert!(starts.contains(&ContainerName { attempt: 1, ..lost }));
}

#[tokio::test]
async fn containers_of_nobody_are_swept() {
    let directory = tempfile::tempdir().unwrap();
    let containers = Scripted::new();
    let orphan = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
    containers.leave(orphan, Act::exits(0).held());
    let house = House::open(directory.path(), &containers);
    house.engine.recover().await.unwrap();
    while !containers.present().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
