//! Where blobs lie on the disk, and when they were touched.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use object_store::path::Path as Key;
use simulay_blobs::StoredBlob;
use simulay_model::{Clock, Digest};

use crate::staging::INCOMING;

/// What is whole, in the directory of the blobs.
const STORED: &str = "sha256";

/// The file of a blob.
pub(crate) struct Found {
    blob: Digest,
    size: u64,
    touched: SystemTime,
}

impl Found {
    /// The blob, as old as it is by `clock`.
    pub(crate) fn stored(self, clock: &dyn Clock) -> StoredBlob {
        StoredBlob { blob: self.blob, size: self.size, age: age(clock, self.touched) }
    }
}

/// Files carry when they were touched by the clock of the store, which need not be the machine's.
pub(crate) struct Stamp {
    pub(crate) directory: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Stamp {
    /// Touches a blob; gives its size.
    pub(crate) fn touch(&self, blob: Digest) -> io::Result<u64> {
        let file = fs::File::open(file_of(&self.directory, blob))?;
        file.set_modified(file_time(&*self.clock))?;
        Ok(file.metadata()?.len())
    }
}

/// How long ago a file was touched; nothing when that is still to come.
pub(crate) fn age(clock: &dyn Clock, touched: SystemTime) -> Duration {
    file_time(clock).duration_since(touched).unwrap_or_default()
}

/// The present moment as a file system writes it.
fn file_time(clock: &dyn Clock) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(clock.now().as_millisecond().unsigned_abs())
}

/// The addresses and sizes of the blobs in `directory`, whoever works there; none when there is no such directory.
///
/// # Errors
/// When it cannot be read.
pub fn stored_in(directory: &Path) -> io::Result<Vec<(Digest, u64)>> {
    Ok(all(directory)?.into_iter().map(|found| (found.blob, found.size)).collect())
}

/// The blobs in `directory`; one that goes meanwhile is left out.
pub(crate) fn all(directory: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let listed = match fs::read_dir(directory.join(STORED)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        listed => listed?,
    };
    for folder in listed {
        for entry in fs::read_dir(folder?.path())? {
            found.extend(blob_of(&entry?)?);
        }
    }
    Ok(found)
}

/// `None` for what is being put, and for what is gone.
fn blob_of(entry: &fs::DirEntry) -> io::Result<Option<Found>> {
    let Some(blob) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { return Ok(None) };
    match entry.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        metadata => {
            let metadata = metadata?;
            Ok(Some(Found { blob, size: metadata.len(), touched: metadata.modified()? }))
        }
    }
}

/// The file of a blob in `directory`, whether or not it is there.
#[must_use]
pub fn file_of(directory: &Path, blob: Digest) -> PathBuf {
    key(blob).parts().fold(directory.to_owned(), |path, part| path.join(part.as_ref()))
}

/// The name of a blob in the object store.
pub(crate) fn key(blob: Digest) -> Key {
    let name = blob.to_string();
    let folder: String = name.chars().take(2).collect();
    Key::from_iter([STORED, &folder, &name])
}

/// Removes everything incoming, and what was being put: the object store calls that `<name>#<n>`.
pub(crate) fn remove_unfinished(directory: &Path) -> io::Result<()> {
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

/// Makes a directory and its parents, for their owner only.
pub(crate) fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_lie_in_folders_by_their_first_digits() {
        let nothing = key(Digest::of(b"")).to_string();
        assert_eq!(nothing, "sha256/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
