//! SQLite keeps the promises of a store.

use std::cell::Cell;
use std::fs;
use std::sync::Arc;

use simulay_model::ManualClock;
use simulay_store::conformance::{self, Subject};
use simulay_store_sqlite::SqliteStore;

#[tokio::test(flavor = "multi_thread")]
async fn records_in_sqlite_are_a_store() {
    let (parent, opened) = (tempfile::tempdir().unwrap(), Cell::new(0));
    conformance::check(async || {
        let directory = parent.path().join(opened.replace(opened.get() + 1).to_string());
        fs::create_dir(&directory).unwrap();
        let clock = Arc::<ManualClock>::default();
        let records = SqliteStore::open(&directory, clock.clone(), &|| Ok(Vec::new())).unwrap();
        Subject::new(Arc::new(records), clock)
    })
    .await;
}
