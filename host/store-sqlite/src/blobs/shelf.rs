//! Where blobs lie on the disk, and when they were touched.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use object_store::path::Path as Key;
use simulay_model::Digest;
use simulay_store::Shelved;

use crate::observed::ObservedTime;

/// What is not whole yet, in the directory of the blobs.
pub(super) const INCOMING: &str = "incoming";
/// What is whole, in the directory of the blobs.
pub(crate) const STORED: &str = "sha256";

/// The file of a blob.
pub(crate) struct Found {
    pub(crate) blob: Digest,
    size: u64,
    touched: SystemTime,
}

impl Found {
    pub(super) fn shelved(self, observed: &ObservedTime) -> Shelved {
        Shelved { blob: self.blob, size: self.size, age: observed.since(self.touched) }
    }
}

/// Files carry when they were touched by the time observed, not by the clock.
pub(super) struct Stamp {
    pub(super) directory: PathBuf,
    pub(super) observed: Arc<ObservedTime>,
}

impl Stamp {
    /// Touches a blob; gives its size.
    pub(super) fn touch(&self, blob: Digest) -> io::Result<u64> {
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

/// The file of a blob in the directory of the blobs.
pub(crate) fn place(directory: &Path, blob: Digest) -> PathBuf {
    key(blob).parts().fold(directory.to_owned(), |path, part| path.join(part.as_ref()))
}

pub(super) fn key(blob: Digest) -> Key {
    let name = blob.to_string();
    let shelf: String = name.chars().take(2).collect();
    Key::from_iter([STORED, &shelf, &name])
}

/// Removes everything incoming, and what was being put: the object store calls that `<name>#<n>`.
pub(super) fn remove_unfinished(directory: &Path) -> io::Result<()> {
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

    #[test]
    fn blobs_lie_on_shelves_by_their_first_digits() {
        let nothing = key(Digest::of(b"")).to_string();
        assert_eq!(nothing, "sha256/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
