//! Which blobs there are, and how much room is left for more.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::{StatVfsMountFlags, statvfs};
use simulay_blobs::{BlobError, BlobInventory, StoredBlob};
use simulay_model::Digest;

use super::ObjectBlobs;
use super::layout::{age, all, file_of};
use crate::failure::{blocking, of_file};

#[async_trait]
impl BlobInventory for ObjectBlobs {
    async fn list(&self) -> Result<Vec<StoredBlob>, BlobError> {
        let (directory, clock) = (self.directory.clone(), self.clock.clone());
        let list = move || Ok(all(&directory)?.into_iter().map(|found| found.stored(&*clock)).collect());
        blocking(list).await?.map_err(|error| of_file(&self.directory, error))
    }

    async fn remove(&self, blob: Digest, least: Duration) -> Result<bool, BlobError> {
        let _alone = self.removal.write().await;
        let (path, clock) = (file_of(&self.directory, blob), self.clock.clone());
        let remove = move || {
            let old = age(&*clock, fs::metadata(&path)?.modified()?) >= least;
            if old { fs::remove_file(&path).map(|()| true) } else { Ok(false) }
        };
        match blocking(remove).await? {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => removed.map_err(|error| of_file(&self.directory, error)),
        }
    }

    async fn free(&self) -> Result<Option<u64>, BlobError> {
        let directory = self.directory.clone();
        let looked = blocking(move || Ok(free_in(&directory))).await?;
        looked.map_err(|error| of_file(&self.directory, error))?.map(Some)
    }
}

/// Bytes that are free in the file system of `directory`.
fn free_in(directory: &Path) -> Result<u64, BlobError> {
    let status = statvfs(directory).map_err(|error| of_file(directory, error.into()))?;
    if status.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(of_file(directory, io::ErrorKind::ReadOnlyFilesystem.into()));
    }
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}
