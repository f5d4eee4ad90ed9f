//! An archive that must lie whole before it is read: a file without a name, gone with its last user.

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use simulay_blobs::BlobError;
use tokio::io::AsyncWriteExt as _;

use super::STRETCH;
use crate::EngineError;
use crate::allowance::Allowance;
use crate::storage::FreeSpace;

/// An archive on its way to the disk.
pub(super) struct Spool {
    file: tokio::fs::File,
    room: FreeSpace,
    allowance: Arc<Allowance>,
    size: u64,
    /// Bytes since the last look at the room.
    unseen: u64,
}

impl Spool {
    pub(super) fn new(file: File, room: FreeSpace, allowance: Arc<Allowance>) -> Self {
        Self { file: file.into(), room, allowance, size: 0, unseen: 0 }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), EngineError> {
        self.unseen += bytes.len() as u64;
        self.size += bytes.len() as u64;
        self.allowance.check(self.size)?;
        if self.unseen >= STRETCH {
            self.room.check(0).await?;
            self.unseen = 0;
        }
        Ok(self.file.write_all(&bytes).await.map_err(BlobError::of)?)
    }

    pub(super) async fn finish(mut self) -> Result<File, EngineError> {
        self.file.flush().await.map_err(BlobError::of)?;
        Ok(self.file.into_std().await)
    }
}
