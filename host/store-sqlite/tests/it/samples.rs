//! A store in a directory, and what is in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use simulay_blobs::BlobError;
pub(crate) use simulay_blobs::conformance::{content, put};
use simulay_blobs_object_store::{ObjectBlobs, stored_in};
use simulay_model::{Change, Digest, Event, RunId, SystemClock};
use simulay_store::conformance::apply;
pub(crate) use simulay_store::conformance::samples::*;
use simulay_store::{Runs as _, StoreError};
use simulay_store_sqlite::SqliteStore;
use tempfile::TempDir;

/// An open store in a directory of its own.
pub(crate) struct House {
    pub(crate) directory: TempDir,
    pub(crate) records: Arc<SqliteStore>,
    pub(crate) blobs: Arc<ObjectBlobs>,
}

impl House {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (records, blobs) = open(directory.path()).unwrap();
        Self { directory, records, blobs }
    }

    pub(crate) fn reopen(self) -> Self {
        let Self { directory, records, blobs } = self;
        drop((records, blobs));
        let (records, blobs) = open(directory.path()).unwrap();
        Self { directory, records, blobs }
    }

    pub(crate) async fn run(&self) -> RunId {
        let run = run("heat");
        self.records.create(run.clone(), None).await.unwrap();
        run.id
    }

    /// A run at work on a step of `calls` calls.
    pub(crate) async fn running(&self, calls: usize) -> RunId {
        let run = self.run().await;
        self.apply(run, Change::Started).await.unwrap();
        self.apply(run, planned(0, calls)).await.unwrap();
        run
    }

    pub(crate) async fn apply(&self, run: RunId, change: Change) -> Result<Event, StoreError> {
        change_of(&self.records, run, None, now(), change).await
    }
}

/// Records and blobs in one directory, as a host has them.
pub(crate) type Opened = (Arc<SqliteStore>, Arc<ObjectBlobs>);

/// What went wrong with either.
#[derive(Debug)]
pub(crate) enum Failure {
    Records(StoreError),
    Blobs(BlobError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Records(error)
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        Self::Blobs(error)
    }
}

/// Opens a data directory, made when there is none.
pub(crate) fn open(directory: &Path) -> Result<Opened, Failure> {
    let unusable = |error| StoreError::of_file(directory, error);
    std::fs::create_dir_all(directory).map_err(unusable)?;
    let blobs = directory.join("blobs");
    let records = SqliteStore::open(directory, Arc::new(SystemClock), &|| stored_in(&blobs))?;
    let blobs = ObjectBlobs::open(&blobs, records.observed_clock())?;
    Ok((Arc::new(records), Arc::new(blobs)))
}

/// The file of a blob in a data directory.
pub(crate) fn file_of(data: &Path, blob: Digest) -> PathBuf {
    let name = blob.to_string();
    data.join("blobs/sha256").join(format!("{name:.2}")).join(name)
}

/// Has a change happen to a run.
pub(crate) async fn change_of(
    records: &SqliteStore,
    run: RunId,
    fence: Option<u64>,
    at: Timestamp,
    change: Change,
) -> Result<Event, StoreError> {
    apply(records, run, fence, at, change).await
}
