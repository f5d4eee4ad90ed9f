//! Blobs as files, under `sha256/ab/abcdef…`; what is not whole yet is under `incoming/`.

pub(crate) mod copies;
mod inventory;
pub(crate) mod layout;
mod writer;

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use simulay_blobs::{BlobError, BlobStream, BlobWriter, Blobs, PieceSource, PieceWriter, Whole, outgoing};
use simulay_model::{Clock, Digest};
use tokio::sync::RwLock;

use crate::failure::{blocking, of_file, of_object};
use crate::reader::piece;
use crate::staging::Staging;
use layout::{Stamp, key, make_private, remove_unfinished};
use writer::{FileSink, PIECE};

/// Bytes read at a time: there are many more who read, and who take their time.
const READ_PIECE: u64 = 64 * 1024;

/// Blobs in one directory, which one process at a time may write to.
pub struct ObjectBlobs {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) directory: PathBuf,
    /// Shared by those who store or keep blobs, held alone by who removes one.
    pub(crate) removal: Arc<RwLock<()>>,
    /// How old blobs are.
    pub(crate) clock: Arc<dyn Clock>,
    /// Let go of after everything else: fields are dropped in order.
    _guard: Option<Box<dyn Send + Sync>>,
}

impl ObjectBlobs {
    /// Opens `directory`, made when there is none, and removes what an earlier life left unfinished. Blobs age
    /// by `clock`.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, BlobError> {
        make_private(directory).map_err(|error| of_file(directory, error))?;
        remove_unfinished(directory).map_err(|error| of_file(directory, error))?;
        Self::look(directory, clock)
    }

    /// Opens `directory` as it is; another process may write to it.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn look(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, BlobError> {
        let objects = LocalFileSystem::new_with_prefix(directory).map_err(of_object)?.with_fsync(true);
        let (objects, directory) = (Arc::new(objects), directory.to_owned());
        Ok(Self { objects, directory, removal: Arc::default(), clock, _guard: None })
    }

    /// Keeps `guard` until the store is closed: the lock of a directory that it shares with others.
    #[must_use]
    pub fn holding(self, guard: impl Send + Sync + 'static) -> Self {
        Self { _guard: Some(Box::new(guard)), ..self }
    }

    fn stamp(&self) -> Stamp {
        Stamp { directory: self.directory.clone(), clock: self.clock.clone() }
    }
}

#[async_trait]
impl Blobs for ObjectBlobs {
    async fn scratch(&self) -> Result<fs::File, BlobError> {
        let directory = self.directory.clone();
        let made = blocking(move || tempfile::tempfile_in(directory)).await?;
        made.map_err(|error| of_file(&self.directory, error))
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        let (objects, removal) = (self.objects.clone(), self.removal.clone());
        let sink = FileSink { staging: Staging::new(objects.clone()), objects, removal, stamp: self.stamp() };
        Ok(Box::new(PieceWriter::new(sink, PIECE)))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        match self.objects.head(&key(blob)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(of_object(error)),
        }
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        let _shared = self.removal.read().await;
        let stamp = self.stamp();
        match blocking(move || stamp.touch(blob)).await? {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(of_file(&self.directory, error)),
        }
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let size = self.size(blob).await?.ok_or(BlobError::NotFound)?;
        let source = FileSource { objects: self.objects.clone(), key: key(blob) };
        Ok(outgoing(Whole { blob, size }, range, source))
    }
}

struct FileSource {
    objects: Arc<dyn ObjectStore>,
    key: Key,
}

#[async_trait]
impl PieceSource for FileSource {
    async fn piece(&mut self, left: Range<u64>) -> Result<Bytes, BlobError> {
        piece(&self.objects, &self.key, left, READ_PIECE).await
    }
}
