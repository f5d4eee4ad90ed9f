//! Immutable bytes in an object store: the local file system by default.

mod reader;
mod shelf;
mod writer;

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt as _};
use simulay_model::Digest;
use simulay_store::{BlobStream, BlobWriter, Blobs, Shelved, Shelves, StoreError};
use tokio::sync::RwLock;

use crate::directory::{DirectoryLock, make_private, unusable};
use crate::observed::ObservedTime;
use reader::Reader;
pub(crate) use shelf::{STORED, all, place};
use shelf::{Stamp, key, remove_unfinished};
use writer::ObjectWriter;

/// The directory of the blobs in a data directory.
pub(crate) const BLOBS: &str = "blobs";

/// Blobs under `sha256/ab/abcdef…`; what is not whole yet is under `incoming/`.
pub struct ObjectBlobs {
    objects: Arc<dyn ObjectStore>,
    directory: PathBuf,
    /// Shared by those who store or name blobs, held alone by who removes one.
    shelving: Arc<RwLock<()>>,
    observed: Arc<ObservedTime>,
    _lock: Arc<DirectoryLock>,
}

impl ObjectBlobs {
    /// Opens `directory`, made when there is none, and removes what an earlier life left unfinished.
    pub(crate) fn open(
        directory: &Path,
        observed: Arc<ObservedTime>,
        lock: Arc<DirectoryLock>,
    ) -> Result<Self, StoreError> {
        make_private(directory).map_err(|error| unusable(directory, &error))?;
        remove_unfinished(directory).map_err(|error| unusable(directory, &error))?;
        Self::look(directory, observed, lock)
    }

    /// Opens `directory` as it is; another host may work in it.
    pub(crate) fn look(
        directory: &Path,
        observed: Arc<ObservedTime>,
        lock: Arc<DirectoryLock>,
    ) -> Result<Self, StoreError> {
        let objects = LocalFileSystem::new_with_prefix(directory).map_err(failed)?.with_fsync(true);
        Ok(Self {
            objects: Arc::new(objects),
            directory: directory.to_owned(),
            shelving: Arc::default(),
            observed,
            _lock: lock,
        })
    }
}

#[async_trait]
impl Blobs for ObjectBlobs {
    async fn create(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        let stamp = Stamp { directory: self.directory.clone(), observed: self.observed.clone() };
        Ok(Box::new(ObjectWriter::new(self.objects.clone(), self.shelving.clone(), stamp)))
    }

    async fn scratch(&self) -> Result<fs::File, StoreError> {
        let directory = self.directory.clone();
        let made = blocking(move || tempfile::tempfile_in(directory)).await?;
        made.map_err(|error| unusable(&self.directory, &error))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, StoreError> {
        match self.objects.head(&key(blob)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, StoreError> {
        let _shared = self.shelving.read().await;
        let stamp = Stamp { directory: self.directory.clone(), observed: self.observed.clone() };
        match blocking(move || stamp.touch(blob)).await? {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&self.directory, &error)),
        }
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, StoreError> {
        let size = self.size(blob).await?.ok_or(StoreError::NotFound)?;
        let range = range.map_or(0..size, |range| range.start.min(size)..range.end.min(size));
        let reader = Reader::new(self.objects.clone(), blob, range, size);
        Ok(stream::unfold(reader, |mut reader| async move {
            let piece = reader.next().await.transpose()?;
            Some((piece, reader))
        })
        .boxed())
    }
}

#[async_trait]
impl Shelves for ObjectBlobs {
    async fn all(&self) -> Result<Vec<Shelved>, StoreError> {
        let (shelves, observed) = (self.directory.join(STORED), self.observed.clone());
        let all = move || Ok(all(&shelves)?.into_iter().map(|found| found.shelved(&observed)).collect());
        blocking(all).await?.map_err(|error| unusable(&self.directory, &error))
    }

    async fn remove(&self, blob: Digest, age: Duration) -> Result<bool, StoreError> {
        let _alone = self.shelving.write().await;
        let (path, observed) = (place(&self.directory, blob), self.observed.clone());
        let remove = move || {
            let untouched = observed.since(fs::metadata(&path)?.modified()?) >= age;
            if untouched { fs::remove_file(&path).map(|()| true) } else { Ok(false) }
        };
        match blocking(remove).await? {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => removed.map_err(|error| unusable(&self.directory, &error)),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Failed(error.to_string()))
}

fn failed(error: object_store::Error) -> StoreError {
    if let object_store::Error::NotFound { .. } = error {
        return StoreError::NotFound;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(present) = cause {
        let kind = present.downcast_ref::<io::Error>().map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => return StoreError::Full,
            Some(io::ErrorKind::ReadOnlyFilesystem) => return StoreError::Unwritable(error.to_string()),
            _ if is_broken(present) => return StoreError::Unwritable(error.to_string()),
            _ => {}
        }
        cause = present.source();
    }
    StoreError::Failed(error.to_string())
}

/// True when the disk itself failed.
fn is_broken(cause: &(dyn std::error::Error + 'static)) -> bool {
    let code = cause.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    code == Some(rustix::io::Errno::IO.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(kind: io::ErrorKind) -> StoreError {
        failed(object_store::Error::Generic { store: "test", source: Box::new(io::Error::from(kind)) })
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        assert!(matches!(generic(io::ErrorKind::StorageFull), StoreError::Full));
        assert!(matches!(generic(io::ErrorKind::ReadOnlyFilesystem), StoreError::Unwritable(_)));
        let broken = io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error());
        let broken = failed(object_store::Error::Generic { store: "test", source: Box::new(broken) });
        assert!(matches!(broken, StoreError::Unwritable(_)));
        assert!(matches!(generic(io::ErrorKind::PermissionDenied), StoreError::Failed(_)));
    }
}
