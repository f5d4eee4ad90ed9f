//! All that is stored, moved from SQLite to MongoDB, and back.

use std::sync::Arc;
use std::time::Duration;

use simulay_model::{Chain, ManualClock, Quota, Quotas, Run, SystemClock};
use simulay_store::conformance::samples::{now, run};
use simulay_store::conformance::{Subject, transfer};
use simulay_store::transfer::{Import as _, TransferError, begin, compare};
use simulay_store::{Metering as _, Retention as _, Runs as _, StoreError};
use simulay_store_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::server::Server;

/// A directory with something of every kind.
async fn filled() -> (TempDir, Arc<SqliteStore>) {
    let (directory, clock) = (tempfile::tempdir().unwrap(), Arc::<ManualClock>::default());
    let opened = SqliteStore::open(directory.path(), clock.clone(), &|| Ok(Vec::new()));
    let records = Arc::new(opened.unwrap());
    Subject::new(records.clone(), clock).fill(&*records).await;
    (directory, records)
}

fn empty() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let records = SqliteStore::open_to_fill(directory.path(), Arc::new(SystemClock)).unwrap();
    (directory, records)
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_it_is_what_it_was() {
    let server = Server::start();
    let (database, (_first, first), (_last, last)) = (server.database(), filled().await, empty());
    let between = database.open_to_fill().await;
    transfer::what_is_stored_is_moved_whole(&*first, &between).await;
    transfer::what_is_stored_is_moved_whole(&between, &last).await;
    compare(&*first, &last).await.unwrap();
    database.try_open().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_broke_off_goes_on() {
    let server = Server::start();
    let (_directory, first) = filled().await;
    transfer::what_broke_off_goes_on(&*first, &server.database().open_to_fill().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_worked_on_is_not_moved() {
    let server = Server::start();
    let (records, clock) = server.store().await;
    let subject = Subject::new(records.clone(), clock);
    transfer::what_is_worked_on_is_not_moved(&subject, &*records, &empty().1).await;
}

/// Also one that has no run: it answers requests.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_host_was_seen_a_moment_ago_nothing_is_moved() {
    let server = Server::start();
    let ((records, clock), (_directory, other)) = (server.store().await, empty());
    records.observe(Duration::ZERO).await.unwrap();
    let refused = begin(&*records, &other, "the first").await;
    assert!(matches!(refused, Err(TransferError::AtWork(_))), "{refused:?}");
    let refused = begin(&other, &*records, "the first").await;
    assert!(matches!(refused, Err(TransferError::AtDestination(_))), "{refused:?}");
    clock.advance(Duration::from_secs(180));
    begin(&*records, &other, "the first").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_opens_what_is_not_whole() {
    let server = Server::start();
    let database = server.database();
    database.open_to_fill().await.begin("/var/lib/simulay").await.unwrap();
    let refused: StoreError = database.try_open().await.err().unwrap();
    assert!(Chain(&refused).to_string().contains("/var/lib/simulay"), "{}", Chain(&refused));
}

/// Counted by the destination in its own way: what an account keeps, and what bounds it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_counts_as_what_is_there() {
    let server = Server::start();
    let (database, (_directory, first)) = (server.database(), filled().await);
    let filling = database.open_to_fill().await;
    simulay_store::transfer::transfer(&*first, &filling, "the first").await.unwrap();
    let moved = database.try_open().await.unwrap();
    let ada = "ada".parse().unwrap();
    let (before, after) =
        (first.present_use(&ada, now()).await.unwrap(), moved.present_use(&ada, now()).await.unwrap());
    assert!(before.stored_bytes > 0 && before.unfinished_runs > 0, "{before:?}");
    assert_eq!(before, after);
    let no_more = Quotas::default().with(Quota::StoredBytes, after.stored_bytes);
    let refused = moved.create_within(Run { owner: ada, ..run("heat") }, None, &no_more).await;
    assert!(matches!(refused, Err(StoreError::QuotaExceeded(_))), "{refused:?}");
}
