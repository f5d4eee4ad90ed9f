//! Room on the disk that is kept for what must always be possible: to cancel and to delete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, StatVfsMountFlags, fallocate, statvfs};
use rustix::io::Errno;
use simulay_store::StoreError;

const MOST: u64 = 8 << 20;
/// Of a small disk, this part.
const PART: u64 = 32;

/// A file that takes the room until it is needed.
pub(crate) struct Reserve {
    file: PathBuf,
    size: u64,
    held: AtomicBool,
}

impl Reserve {
    /// Takes the room in `directory`, when there is some.
    pub(crate) fn open(directory: &Path) -> Self {
        let whole = statvfs(directory).map_or(0, |status| status.f_blocks.saturating_mul(status.f_frsize));
        let size = MOST.min(whole / PART);
        let reserve = Self { file: directory.join("reserve"), size, held: AtomicBool::new(false) };
        if let Err(error) = reserve.take() {
            tracing::warn!(%error, "no room is reserved for a disk that is full");
        }
        reserve
    }

    /// None: beside a host whose reserve is its own.
    pub(crate) fn of_another(directory: &Path) -> Self {
        Self { file: directory.join("reserve"), size: 0, held: AtomicBool::new(false) }
    }

    /// Gives the room to whoever writes next. False when it was given before.
    pub(crate) fn release(&self) -> bool {
        let held = self.held.swap(false, Ordering::Relaxed);
        if held {
            tracing::warn!("the disk is full: what is reserved for cancelling and deleting is used");
            // What cannot be removed gives no room; then the next write tells.
            let _ = fs::remove_file(&self.file);
        }
        held
    }

    /// What is left of `free` bytes, once the room is taken again. `None` while it cannot be.
    pub(crate) fn restore(&self, free: u64) -> Option<u64> {
        if self.held.load(Ordering::Relaxed) {
            return Some(free);
        }
        let left = free.checked_sub(2 * self.size)?;
        match self.take() {
            Ok(()) => Some(left + self.size),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => None,
            // A file system that reserves nothing is no reason to refuse work.
            Err(_) => Some(free),
        }
    }

    fn take(&self) -> io::Result<()> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&self.file)?;
        let taken = match fallocate(&file, FallocateFlags::empty(), 0, self.size.max(1)) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(&file, self.size),
            taken => taken.map_err(Into::into),
        };
        match taken {
            Ok(()) => self.held.store(true, Ordering::Relaxed),
            Err(_) => fs::remove_file(&self.file)?,
        }
        taken
    }
}

/// For file systems that reserve nothing by themselves.
fn fill(mut file: &File, size: u64) -> io::Result<()> {
    let piece = [0; 1 << 16];
    (0..size.div_ceil(piece.len() as u64)).try_for_each(|_| file.write_all(&piece))
}

/// Bytes that are free in the file system of `directory`.
pub(crate) fn free_in(directory: &Path) -> Result<u64, StoreError> {
    let status = statvfs(directory).map_err(|error| StoreError::of_file(directory, error.into()))?;
    if status.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(StoreError::of_file(directory, io::ErrorKind::ReadOnlyFilesystem.into()));
    }
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn room_is_taken_given_and_taken_again() {
        let directory = tempfile::tempdir().unwrap();
        let reserve = Reserve::open(directory.path());
        let taken = || fs::metadata(directory.path().join("reserve")).map(|file| 512 * file.blocks());
        assert!(taken().unwrap() >= reserve.size && reserve.size > 0);
        assert_eq!(reserve.restore(5), Some(5), "it is there");
        assert!(reserve.release() && !reserve.release());
        assert!(taken().is_err());
        assert_eq!(reserve.restore(reserve.size), None, "too little for both");
        assert_eq!(reserve.restore(3 * reserve.size), Some(2 * reserve.size));
        assert!(taken().is_ok());
    }
}
