//! Who works on a run, by the database's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use simulay_model::{Change, Clock, Decision, Progress, RunEnd, RunId};
use simulay_store::{Lease, Runs as _, StoreError};
use simulay_store_sqlite::{SqliteStore, open_with};
use tempfile::TempDir;

use crate::samples::{change_of, now, run};

const TIME: Duration = Duration::from_secs(30);
const START_MS: i64 = 1_700_000_000_000;

/// A clock that the test moves.
struct Hand(AtomicI64);

impl Hand {
    fn move_by(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// A store by a clock of its own, and a run in it.
struct Scene {
    records: Arc<SqliteStore>,
    clock: Arc<Hand>,
    run: RunId,
    _directory: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let (directory, clock) = (tempfile::tempdir().unwrap(), Arc::new(Hand(AtomicI64::new(START_MS))));
        let (records, _) = open_with(directory.path(), clock.clone()).unwrap();
        let run = run("heat");
        records.create(run.clone(), None).await.unwrap();
        Self { records, clock, run: run.id, _directory: directory }
    }

    async fn take(&self, owner: &str) -> Option<Lease> {
        self.records.acquire_lease(self.run, owner, TIME).await.unwrap()
    }

    async fn advance(&self, lease: Lease, change: Change) -> Result<u64, StoreError> {
        let event = change_of(&self.records, self.run, Some(lease.fence), now(), change).await;
        event.map(|event| event.sequence)
    }
}

#[tokio::test]
async fn a_run_is_held_by_one_until_his_time_is_over() {
    let scene = Scene::new().await;
    let first = scene.take("a").await.unwrap();
    assert_eq!(scene.take("b").await, None);
    scene.clock.move_by(TIME - Duration::from_millis(1));
    assert_eq!(scene.take("b").await, None);
    scene.clock.move_by(Duration::from_millis(1));
    assert!(scene.take("b").await.unwrap().fence > first.fence);
    assert_eq!(scene.take("a").await, None);
}

#[tokio::test]
async fn who_renews_keeps_the_run_and_the_time_worked() {
    let scene = Scene::new().await;
    let mut lease = scene.take("a").await.unwrap();
    for _ in 0..5 {
        scene.clock.move_by(TIME / 2);
        lease.active += TIME / 2;
        scene.records.renew_lease(scene.run, lease, TIME).await.unwrap();
    }
    assert_eq!(scene.take("b").await, None);
    scene.clock.move_by(TIME);
    assert_eq!(scene.take("b").await.unwrap().active, TIME / 2 * 5);
}

#[tokio::test]
async fn an_old_fence_changes_nothing() {
    let scene = Scene::new().await;
    let old = scene.take("a").await.unwrap();
    scene.clock.move_by(TIME);
    let new = scene.take("b").await.unwrap();
    assert!(matches!(scene.advance(old, Change::Started).await, Err(StoreError::Fenced)));
    assert!(matches!(scene.records.renew_lease(scene.run, old, TIME).await, Err(StoreError::Fenced)));
    assert_eq!(scene.advance(new, Change::Started).await.unwrap(), 2);
    let Ok(Decision::Commit(early)) = Progress::queued().decide(now(), Change::Started) else { panic!() };
    let unleased = scene.records.commit(scene.run, None, early).await;
    assert!(matches!(unleased, Err(StoreError::Stale)), "{unleased:?}");
}

#[tokio::test]
async fn an_owner_that_comes_again_fences_his_earlier_life() {
    let scene = Scene::new().await;
    let before = scene.take("a").await.unwrap();
    let after = scene.take("a").await.unwrap();
    assert!(after.fence > before.fence);
    assert!(matches!(scene.advance(before, Change::Started).await, Err(StoreError::Fenced)));
    scene.advance(after, Change::Started).await.unwrap();
}

#[tokio::test]
async fn anyone_may_ask_for_the_end_and_whoever_holds_the_run_is_told() {
    let scene = Scene::new().await;
    let lease = scene.take("a").await.unwrap();
    assert!(!scene.records.renew_lease(scene.run, lease, TIME).await.unwrap().cancel_requested);
    change_of(&scene.records, scene.run, None, now(), Change::CancelRequested).await.unwrap();
    assert!(scene.records.renew_lease(scene.run, lease, TIME).await.unwrap().cancel_requested);
}

#[tokio::test]
async fn what_has_ended_is_held_by_nobody() {
    let scene = Scene::new().await;
    let lease = scene.take("a").await.unwrap();
    scene.advance(lease, Change::ended(RunEnd::Cancelled)).await.unwrap();
    assert!(matches!(scene.records.acquire_lease(scene.run, "b", TIME).await, Err(StoreError::Ended)));
    assert!(matches!(scene.records.renew_lease(scene.run, lease, TIME).await, Err(StoreError::Ended)));
    assert!(matches!(scene.advance(lease, Change::Started).await, Err(StoreError::Ended)));
    let unknown = scene.records.acquire_lease(RunId::generate(), "a", TIME).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)), "{unknown:?}");
}
