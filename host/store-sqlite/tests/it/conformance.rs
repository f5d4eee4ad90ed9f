//! SQLite keeps the promises of a store.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use simulay_model::ManualClock;
use simulay_store::conformance::retention::{self, Keeper};
use simulay_store::conformance::{self, Subject};
use simulay_store_sqlite::SqliteStore;

/// Directories under one, each for a store.
struct Directories<'a> {
    parent: &'a Path,
    made: Cell<u32>,
}

impl Directories<'_> {
    fn store(&self) -> (Arc<SqliteStore>, Arc<ManualClock>) {
        let directory = self.parent.join(self.made.replace(self.made.get() + 1).to_string());
        fs::create_dir(&directory).unwrap();
        let clock = Arc::<ManualClock>::default();
        let records = SqliteStore::open(&directory, clock.clone(), &|| Ok(Vec::new())).unwrap();
        (Arc::new(records), clock)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_in_sqlite_are_a_store() {
    let parent = tempfile::tempdir().unwrap();
    let directories = Directories { parent: parent.path(), made: Cell::new(0) };
    conformance::check(async || {
        let (records, clock) = directories.store();
        Subject::new(records, clock)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_let_go_of() {
    let parent = tempfile::tempdir().unwrap();
    let directories = Directories { parent: parent.path(), made: Cell::new(0) };
    retention::check(async || {
        let (records, clock) = directories.store();
        Keeper { retention: records.clone(), subject: Subject::new(records, clock) }
    })
    .await;
}
