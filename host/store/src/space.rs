//! How much room the data directory has.

use std::path::Path;

use async_trait::async_trait;
use rustix::fs::{StatVfsMountFlags, statvfs};

use crate::StoreError;
use crate::directory::unusable;

/// How much room there is for what is stored.
#[async_trait]
pub trait Space: Send + Sync {
    /// Bytes that are free for records and blobs.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Unwritable`] when nothing can be stored at the moment.
    async fn free(&self) -> Result<u64, StoreError>;
}

/// Bytes that are free in the file system of `directory`.
pub(crate) fn free_in(directory: &Path) -> Result<u64, StoreError> {
    let status = statvfs(directory).map_err(|error| unusable(directory, &error.into()))?;
    if status.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(StoreError::Unwritable(format!("{} is mounted read-only", directory.display())));
    }
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}
