//! Plans, calls, artifacts, events, and who waits for them.

use simulay_model::{ArtifactKind, AskedCall, CallEnd, Change, Decision, EventData, Progress, RunEnd, RunId};
use simulay_store::{Journal as _, Runs as _};

use crate::samples::{House, call, ended, now, plan, planned, result, started};

#[tokio::test]
async fn calls_are_told_by_step_and_place_with_their_newest_attempt() {
    let house = House::new();
    let id = house.running(2).await;
    house.apply(id, started(0, 1, 0)).await.unwrap();
    house.apply(id, started(0, 1, 1)).await.unwrap();
    house.apply(id, ended(0, 1, 1, 9)).await.unwrap();
    house.apply(id, planned(1, 1)).await.unwrap();
    let house = house.reopen();
    let calls = house.records.calls(id).await.unwrap();
    let places: Vec<_> =
        calls.iter().map(|call| (call.step, call.index, call.attempt, call.started)).collect();
    assert_eq!(places, [(0, 0, 0, false), (0, 1, 1, true), (1, 0, 0, false)]);
    assert_eq!(calls[1].call, AskedCall::from(&call("call-1")));
    assert_eq!(house.records.call(id, 0, 1).await.unwrap().as_ref(), Some(&calls[1]));
    assert_eq!(house.records.call(id, 0, 2).await.unwrap(), None);
    let ends: Vec<_> = calls.into_iter().map(|call| call.end).collect();
    assert_eq!(ends, [None, Some(CallEnd::Result(result(9))), None]);
    assert_eq!(house.records.step(id, 0).await.unwrap(), Some(plan(2)));
    assert_eq!(house.records.step(id, 2).await.unwrap(), None);
}

#[tokio::test]
async fn artifacts_come_in_the_order_they_came() {
    let house = House::new();
    let id = house.running(2).await;
    for call in [1, 0] {
        house.apply(id, ended(0, call, 0, 1)).await.unwrap();
    }
    let artifacts = house.records.artifacts(id).await.unwrap();
    let told: Vec<_> = artifacts.iter().map(|entry| (entry.kind, entry.origin)).collect();
    let left = |place| {
        [ArtifactKind::Output, ArtifactKind::Stdout, ArtifactKind::Stderr]
            .map(|kind| (kind, Some((0, place))))
    };
    assert_eq!(told, [vec![(ArtifactKind::Input, None)], left(1).to_vec(), left(0).to_vec()].concat());
    assert_eq!(artifacts[1].artifact, result(1).outputs[0]);
}

#[tokio::test]
async fn events_are_read_in_pages() {
    let house = House::new();
    let id = house.running(1).await;
    let sequences = async |after, limit| {
        let events = house.records.events(id, after, limit).await.unwrap();
        events.into_iter().map(|event| event.sequence).collect::<Vec<_>>()
    };
    assert_eq!(sequences(0, 2).await, [1, 2]);
    assert_eq!(sequences(2, 2).await, [3]);
    assert!(sequences(u64::MAX, 2).await.is_empty());
    let event = &house.records.events(id, 2, 1).await.unwrap()[0];
    assert_eq!(event.data, EventData::from(&planned(0, 1)));
}

#[tokio::test]
async fn a_watcher_starts_at_the_present_and_hears_of_what_comes() {
    let house = House::new();
    let id = house.running(1).await;
    let mut watch = house.records.watch(id).await.unwrap();
    assert_eq!(*watch.borrow(), 3);
    assert!(!watch.has_changed().unwrap());
    house.apply(id, started(0, 0, 0)).await.unwrap();
    assert_eq!(*watch.wait_for(|last| *last > 3).await.unwrap(), 4);
    assert_eq!(house.records.events(id, 3, 10).await.unwrap().len(), 1, "what is told is readable");
    let late = house.records.watch(id).await.unwrap();
    assert_eq!(*late.borrow(), 4);
}

#[tokio::test]
async fn a_watcher_may_wait_for_a_run_to_come() {
    let house = House::new();
    let run = crate::samples::run("heat");
    let mut watch = house.records.watch(run.id).await.unwrap();
    assert_eq!(*watch.borrow(), 0);
    house.records.create(run, None).await.unwrap();
    assert_eq!(*watch.wait_for(|last| *last > 0).await.unwrap(), 1);
}

#[tokio::test]
async fn a_write_nobody_waits_for_is_told_all_the_same() {
    let house = House::new();
    let id = house.run().await;
    let mut watch = house.records.watch(id).await.unwrap();
    let end = Change::ended(RunEnd::Cancelled);
    let Ok(Decision::Commit(end)) = Progress::queued().decide(now(), end) else { panic!("no end") };
    let mut abandoned = house.records.commit(id, None, end);
    assert!(futures_util::poll!(&mut abandoned).is_pending());
    drop(abandoned);
    assert_eq!(*watch.wait_for(|last| *last > 1).await.unwrap(), 2);
}

#[tokio::test]
async fn a_run_that_is_not_there_has_an_empty_journal() {
    let (house, id) = (House::new(), RunId::generate());
    assert_eq!(house.records.calls(id).await.unwrap(), []);
    assert_eq!(house.records.artifacts(id).await.unwrap(), []);
    assert_eq!(house.records.events(id, 0, 10).await.unwrap(), []);
    assert_eq!(house.records.step(id, 0).await.unwrap(), None);
}
