//! The data directory belongs to one host at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// Another process holds the data directory.
#[derive(Debug, thiserror::Error)]
#[error("another Simulay works in {}", .0.display())]
pub(super) struct Held(PathBuf);

/// Holds the data directory; the system gives it back when the process ends, however it ends.
pub(super) struct DirectoryLock(File);

impl DirectoryLock {
    /// Makes `directory` when there is none, for its owner only, and takes it.
    pub(super) fn take(directory: &Path) -> anyhow::Result<Self> {
        let unusable = || format!("{} cannot be used", directory.display());
        make_private(directory).with_context(unusable)?;
        let file = File::options().create(true).truncate(false).write(true).open(directory.join("lock"));
        let file = file.with_context(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => bail!(Held(directory.to_owned())),
            Err(TryLockError::Error(error)) => Err(error).with_context(unusable),
        }
    }
}

impl Drop for DirectoryLock {
    /// Closing the file is not enough while a process just forked still has it.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the data directory is given back when the process ends");
        }
    }
}

/// Makes a directory and its parents, for their owner only.
pub(super) fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_has_one_holder_and_no_reader() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("deep/data");
        let held = DirectoryLock::take(&directory).unwrap();
        let mode = std::fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let refused = DirectoryLock::take(&directory).err().unwrap().to_string();
        assert!(refused.contains("another Simulay works in"), "{refused}");
        drop(held);
        assert!(DirectoryLock::take(&directory).is_ok());
    }
}
