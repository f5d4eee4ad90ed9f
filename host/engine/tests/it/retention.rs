//! What is old is let go of, though something is in the way.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_engine::{RetentionPorts, RetentionRules, collect};
use simulay_model::{AccountName, Change, Digest, OwnerFilter, RunEnd, RunId, SystemClock};
use simulay_store::conformance::apply;
use simulay_store::conformance::samples::{now, run};
use simulay_store::{Left, Retention, Runs as _, StoreError};
use simulay_store_sqlite::SqliteStore;

use crate::house;

/// A store in which one run cannot be deleted, and another is deleted by somebody else at the last moment.
struct Disturbed {
    records: Arc<SqliteStore>,
    damaged: RunId,
    taken: RunId,
}

#[async_trait]
impl Retention for Disturbed {
    async fn ended(&self, owner: &OwnerFilter, age: Duration, limit: u32) -> Result<Vec<RunId>, StoreError> {
        self.records.ended(owner, age, limit).await
    }

    async fn own_bytes(&self, run: RunId) -> Result<u64, StoreError> {
        self.records.own_bytes(run).await
    }

    async fn freeable(&self) -> Result<u64, StoreError> {
        self.records.freeable().await
    }

    async fn deletable_bytes(&self) -> Result<BTreeMap<AccountName, u64>, StoreError> {
        self.records.deletable_bytes().await
    }

    async fn observe(&self, passed: Duration) -> Result<(), StoreError> {
        self.records.observe(passed).await
    }

    async fn delete(&self, run: RunId, at: Timestamp, why: &str) -> Result<(), StoreError> {
        if run == self.damaged {
            return Err(StoreError::Corrupt("damaged".into()));
        }
        self.records.delete(run, at, why).await?;
        if run == self.taken { Err(StoreError::NotFound) } else { Ok(()) }
    }

    async fn let_go(&self, left: Left, age: Duration) -> Result<usize, StoreError> {
        self.records.let_go(left, age).await
    }

    async fn forget_sweeps(&self, age: Duration) -> Result<usize, StoreError> {
        self.records.forget_sweeps(age).await
    }

    async fn shown(&self, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError> {
        self.records.shown(blobs).await
    }
}

async fn ended(records: &SqliteStore) -> RunId {
    let run = run("heat");
    records.create(run.clone(), None).await.unwrap();
    apply(records, run.id, None, now(), Change::ended(RunEnd::Cancelled)).await.unwrap();
    run.id
}

/// Which of three runs are left: one that is damaged, one that another host takes, and one more.
async fn left(rules: RetentionRules) -> (u64, [bool; 3]) {
    let directory = tempfile::tempdir().unwrap();
    let (records, blobs) = house::open(directory.path());
    let runs @ [damaged, taken, _] = [ended(&records).await, ended(&records).await, ended(&records).await];
    let disturbed = Disturbed { records: records.clone(), damaged, taken };
    let kept = RetentionPorts::over(records.clone(), blobs, Arc::new(SystemClock));
    let kept = RetentionPorts { records: Arc::new(disturbed), ..kept };
    let collected = collect(&kept, &rules, false).await.unwrap();
    let mut there = [false; 3];
    for (there, run) in there.iter_mut().zip(runs) {
        *there = records.get(&OwnerFilter::Any, run).await.unwrap().is_some();
    }
    (collected.runs, there)
}

#[tokio::test]
async fn a_run_that_cannot_be_deleted_is_in_nobodys_way() {
    let rules = RetentionRules { runs: Some(Duration::ZERO), ..RetentionRules::default() };
    assert_eq!(left(rules).await, (1, [true, false, false]));
}

#[tokio::test]
async fn what_another_host_frees_is_not_freed_twice() {
    let directory = tempfile::tempdir().unwrap();
    let (records, _) = house::open(directory.path());
    let run = ended(&records).await;
    let most = records.own_bytes(run).await.unwrap() * 5 / 2;
    // One of three has to go, and somebody else deletes it.
    let rules = RetentionRules { max_bytes: Some(most), ..RetentionRules::default() };
    assert_eq!(left(rules).await, (0, [true, false, true]));
}
