//! All that is stored, moved to another directory.

use std::path::Path;
use std::sync::Arc;

use simulay_model::{Chain, ManualClock, SystemClock};
use simulay_store::StoreError;
use simulay_store::conformance::{Subject, transfer};
use simulay_store::transfer::Import as _;
use simulay_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// A store with something of every kind, and how it is looked at.
async fn filled(directory: &Path) -> (Arc<SqliteStore>, Subject) {
    let clock = Arc::<ManualClock>::default();
    let records = Arc::new(SqliteStore::open(directory, clock.clone(), &|| Ok(Vec::new())).unwrap());
    let subject = Subject::new(records.clone(), clock);
    subject.fill(&*records).await;
    (records, subject)
}

fn empty(directory: &Path) -> SqliteStore {
    SqliteStore::open_to_fill(directory, Arc::new(SystemClock)).unwrap()
}

fn two_places() -> [TempDir; 2] {
    [(), ()].map(|()| tempfile::tempdir().unwrap())
}

#[tokio::test]
async fn what_is_stored_is_moved_whole() {
    let [from, to] = two_places();
    let (records, _) = filled(from.path()).await;
    transfer::what_is_stored_is_moved_whole(&*records, &empty(to.path())).await;
    let opened = SqliteStore::open(to.path(), Arc::new(SystemClock), &|| Ok(Vec::new()));
    assert!(opened.is_ok(), "hosts open what is whole");
}

#[tokio::test]
async fn what_broke_off_goes_on() {
    let [from, to] = two_places();
    let (records, _) = filled(from.path()).await;
    transfer::what_broke_off_goes_on(&*records, &empty(to.path())).await;
}

#[tokio::test]
async fn what_is_worked_on_is_not_moved() {
    let [from, to] = two_places();
    let (records, subject) = filled(from.path()).await;
    transfer::what_is_worked_on_is_not_moved(&subject, &*records, &empty(to.path())).await;
}

#[tokio::test]
async fn no_host_opens_what_is_not_whole() {
    let directory = tempfile::tempdir().unwrap();
    empty(directory.path()).begin("mongodb://elsewhere").await.unwrap();
    let hosts = SqliteStore::open(directory.path(), Arc::new(SystemClock), &|| Ok(Vec::new()));
    let beside = SqliteStore::beside(directory.path(), Arc::new(SystemClock));
    for refused in [hosts, beside] {
        let refused: StoreError = refused.err().unwrap();
        assert!(Chain(&refused).to_string().contains("mongodb://elsewhere"), "{}", Chain(&refused));
    }
}
