//! A store of blobs in a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use simulay_blobs_object_store::{ObjectBlobs, file_of};
use simulay_model::{Digest, ManualClock};
use tempfile::TempDir;

pub(crate) use simulay_blobs::conformance::{content, noise, put};

/// An open store in a directory of its own.
pub(crate) struct House {
    pub(crate) directory: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) blobs: Arc<ObjectBlobs>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::over(tempfile::tempdir().unwrap(), Arc::default())
    }

    pub(crate) fn reopen(self) -> Self {
        let Self { directory, clock, blobs } = self;
        drop(blobs);
        Self::over(directory, clock)
    }

    fn over(directory: TempDir, clock: Arc<ManualClock>) -> Self {
        let blobs = ObjectBlobs::open(directory.path(), clock.clone()).unwrap();
        Self { directory, clock, blobs: Arc::new(blobs) }
    }

    pub(crate) async fn put(&self, bytes: &[u8]) -> Digest {
        put(&*self.blobs, bytes).await
    }

    pub(crate) fn file(&self, blob: Digest) -> PathBuf {
        file_of(self.directory.path(), blob)
    }
}

pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
