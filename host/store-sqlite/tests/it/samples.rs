//! A store in a directory, and what is in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use simulay_model::{Change, Digest, Event, RunId};
use simulay_store::conformance::apply;
pub(crate) use simulay_store::conformance::content;
pub(crate) use simulay_store::conformance::samples::*;
use simulay_store::{Blobs, Runs as _, StoreError};
use simulay_store_sqlite::{ObjectBlobs, SqliteStore, open};
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

    pub(crate) async fn put(&self, bytes: &[u8]) -> Digest {
        put(&*self.blobs, bytes).await
    }
}

/// The file of a blob in a data directory.
pub(crate) fn file_of(data: &Path, blob: Digest) -> PathBuf {
    let name = blob.to_string();
    data.join("blobs/sha256").join(format!("{name:.2}")).join(name)
}

pub(crate) async fn put(blobs: &dyn Blobs, bytes: &[u8]) -> Digest {
    let mut writer = blobs.create().await.unwrap();
    writer.write(Bytes::copy_from_slice(bytes)).await.unwrap();
    writer.finish().await.unwrap().0
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
