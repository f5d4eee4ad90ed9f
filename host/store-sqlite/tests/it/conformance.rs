//! SQLite and files keep the promises of a store.

use std::cell::Cell;
use std::sync::Arc;

use simulay_store::conformance::{self, ManualClock, Subject};
use simulay_store_sqlite::open_with;

#[tokio::test(flavor = "multi_thread")]
async fn records_in_sqlite_and_blobs_in_files_are_a_store() {
    let (parent, opened) = (tempfile::tempdir().unwrap(), Cell::new(0));
    conformance::check(async || {
        let directory = parent.path().join(opened.replace(opened.get() + 1).to_string());
        let clock = Arc::<ManualClock>::default();
        let (records, blobs) = open_with(&directory, clock.clone()).unwrap();
        Subject::new(records, blobs, clock)
    })
    .await;
}
