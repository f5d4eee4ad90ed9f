//! Whether records can be written, and how much room is left.

use std::io;
use std::path::Path;

use async_trait::async_trait;
use rustix::fs::{StatVfsMountFlags, statvfs};
use simulay_store::{Space, StoreError};

use crate::connection;
use crate::store::SqliteStore;

#[async_trait]
impl Space for SqliteStore {
    async fn free(&self) -> Result<u64, StoreError> {
        if self.writer.is_ailing() {
            // Only a write tells whether the disk takes writes again.
            self.write("touch", connection::touch).await?;
        }
        let (directory, reserve) = (self.directory.clone(), self.reserve.clone());
        let look = move || reserve.restore(free_in(&directory)?).ok_or(StoreError::Full);
        let looked = tokio::task::spawn_blocking(look).await;
        looked.map_err(|error| StoreError::Failed(error.into()))?
    }
}

/// Bytes that are free in the file system of `directory`.
fn free_in(directory: &Path) -> Result<u64, StoreError> {
    let status = statvfs(directory).map_err(|error| StoreError::of_file(directory, error.into()))?;
    if status.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(StoreError::of_file(directory, io::ErrorKind::ReadOnlyFilesystem.into()));
    }
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}
