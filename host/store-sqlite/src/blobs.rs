//! Immutable bytes in an object store: the local file system by default.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};
use simulay_model::{Digest, Hasher};
use simulay_store::{BlobStream, BlobWriter, Blobs, Shelved, Shelves, StoreError};
use tokio::sync::RwLock;
use uuid::Uuid;

use crate::directory::{DirectoryLock, make_private, unusable};
use crate::observed::ObservedTime;

/// Bytes written at a time; the most of a blob on its way in that is in memory.
const PIECE: usize = 512 * 1024;
/// Bytes read at a time: there are many more who read, and who take their time.
const READ_PIECE: u64 = 64 * 1024;
const INCOMING: &str = "incoming";
/// What is whole, in the directory of the blobs.
pub(crate) const STORED: &str = "sha256";
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
        Ok(Box::new(ObjectWriter {
            objects: self.objects.clone(),
            shelving: self.shelving.clone(),
            stamp: Stamp { directory: self.directory.clone(), observed: self.observed.clone() },
            hasher: Hasher::default(),
            size: 0,
            pending: BytesMut::new(),
            upload: None,
        }))
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
        let hasher = (range == (0..size)).then(Hasher::default);
        let reader = Reader { objects: self.objects.clone(), blob, left: range, hasher, ended: false };
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

/// The file of a blob.
pub(crate) struct Found {
    pub(crate) blob: Digest,
    size: u64,
    touched: SystemTime,
}

impl Found {
    fn shelved(self, observed: &ObservedTime) -> Shelved {
        Shelved { blob: self.blob, size: self.size, age: observed.since(self.touched) }
    }
}

/// Files carry when they were touched by the time observed, not by the clock.
struct Stamp {
    directory: PathBuf,
    observed: Arc<ObservedTime>,
}

impl Stamp {
    /// Touches a blob; gives its size.
    fn touch(&self, blob: Digest) -> io::Result<u64> {
        let file = fs::File::open(place(&self.directory, blob))?;
        file.set_modified(self.observed.as_file_time())?;
        Ok(file.metadata()?.len())
    }
}

/// The blobs under `shelves`; one that goes meanwhile is left out.
pub(crate) fn all(shelves: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let listed = match fs::read_dir(shelves) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        listed => listed?,
    };
    for shelf in listed {
        for entry in fs::read_dir(shelf?.path())? {
            found.extend(shelved(&entry?)?);
        }
    }
    Ok(found)
}

/// `None` for what is being put, and for what is gone.
fn shelved(entry: &fs::DirEntry) -> io::Result<Option<Found>> {
    let Some(blob) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { return Ok(None) };
    match entry.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        metadata => {
            let metadata = metadata?;
            Ok(Some(Found { blob, size: metadata.len(), touched: metadata.modified()? }))
        }
    }
}

/// One blob on its way in. A small one is put at once; a large one goes piece by piece under a
/// name of its own and is moved to its address when it is whole.
struct ObjectWriter {
    objects: Arc<dyn ObjectStore>,
    shelving: Arc<RwLock<()>>,
    stamp: Stamp,
    hasher: Hasher,
    size: u64,
    pending: BytesMut,
    upload: Option<(Key, Box<dyn MultipartUpload>)>,
}

impl ObjectWriter {
    async fn flush(&mut self) -> Result<(), StoreError> {
        let piece = self.pending.split().freeze();
        let (_, upload) = match &mut self.upload {
            Some(upload) => upload,
            none => {
                let key = Key::from_iter([INCOMING, &Uuid::now_v7().to_string()]);
                let upload = self.objects.put_multipart(&key).await.map_err(failed)?;
                none.insert((key, upload))
            }
        };
        upload.put_part(piece.into()).await.map_err(failed)
    }
}

#[async_trait]
impl BlobWriter for ObjectWriter {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            let room = PIECE.saturating_sub(self.pending.len());
            let piece = bytes.split_to(room.min(bytes.len()));
            self.hasher.update(&piece);
            self.size += piece.len() as u64;
            self.pending.extend_from_slice(&piece);
            if self.pending.len() >= PIECE {
                self.flush().await?;
            }
        }
        Ok(())
    }

    fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    async fn finish(mut self: Box<Self>) -> Result<(Digest, u64), StoreError> {
        if self.upload.is_some() && !self.pending.is_empty() {
            self.flush().await?;
        }
        let Self { objects, shelving, stamp, hasher, size, pending, upload } = *self;
        let digest = hasher.finish();
        let _shared = shelving.read().await;
        match upload {
            None => objects.put(&key(digest), pending.freeze().into()).await.map(|_| ()),
            Some((staged, upload)) => publish(&*objects, upload, &staged, &key(digest)).await,
        }
        .map_err(failed)?;
        // Without it the file carries the time of the clock, and stays a while longer or shorter.
        if let Err(error) = blocking(move || stamp.touch(digest)).await? {
            tracing::warn!(blob = %digest, %error, "a blob is not stamped");
        }
        Ok((digest, size))
    }
}

/// Moves a whole blob to its address. Equal bytes that are there already are replaced, which does
/// no harm and mends damage.
async fn publish(
    objects: &dyn ObjectStore,
    mut upload: Box<dyn MultipartUpload>,
    staged: &Key,
    key: &Key,
) -> object_store::Result<()> {
    upload.complete().await?;
    let moved = objects.rename(staged, key).await;
    if moved.is_err() {
        // The first error is the one to tell; what stays is removed at the next start.
        let _ = objects.delete(staged).await;
    }
    moved
}

/// A blob on its way out; hashed when it is read whole.
struct Reader {
    objects: Arc<dyn ObjectStore>,
    blob: Digest,
    left: Range<u64>,
    hasher: Option<Hasher>,
    ended: bool,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        if self.left.is_empty() {
            self.ended = true;
            return self.verify().map(|()| None);
        }
        let piece = self.piece().await;
        self.ended = piece.is_err();
        piece.map(Some)
    }

    async fn piece(&mut self) -> Result<Bytes, StoreError> {
        let end = self.left.end.min(self.left.start.saturating_add(READ_PIECE));
        let piece = self.objects.get_range(&key(self.blob), self.left.start..end).await.map_err(failed)?;
        if piece.is_empty() {
            return Err(self.damaged());
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&piece);
        }
        self.left.start += piece.len() as u64;
        Ok(piece)
    }

    fn verify(&mut self) -> Result<(), StoreError> {
        let found = self.hasher.take().map(Hasher::finish);
        if found.is_none_or(|digest| digest == self.blob) { Ok(()) } else { Err(self.damaged()) }
    }

    fn damaged(&self) -> StoreError {
        StoreError::Corrupt(format!("the blob {}", self.blob))
    }
}

/// The file of a blob in the directory of the blobs.
pub(crate) fn place(directory: &Path, blob: Digest) -> PathBuf {
    key(blob).parts().fold(directory.to_owned(), |path, part| path.join(part.as_ref()))
}

fn key(blob: Digest) -> Key {
    let name = blob.to_string();
    let shelf: String = name.chars().take(2).collect();
    Key::from_iter([STORED, &shelf, &name])
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

/// Removes everything incoming, and what was being put: the object store calls that `<name>#<n>`.
fn remove_unfinished(directory: &Path) -> io::Result<()> {
    let mut folders = VecDeque::from([directory.to_owned()]);
    while let Some(folder) = folders.pop_front() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let unfinished = entry.file_name().to_string_lossy().contains('#');
            if entry.file_type()?.is_dir() {
                folders.push_back(entry.path());
            } else if unfinished || folder.ends_with(INCOMING) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
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

    #[test]
    fn blobs_lie_on_shelves_by_their_first_digits() {
        let nothing = key(Digest::of(b"")).to_string();
        assert_eq!(nothing, "sha256/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
