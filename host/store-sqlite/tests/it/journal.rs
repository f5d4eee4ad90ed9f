//! Who waits for what happens to a run.

use simulay_model::{Change, Decision, Progress, RunEnd};
use simulay_store::{Journal as _, Runs as _};

use crate::samples::{House, now, started};

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
