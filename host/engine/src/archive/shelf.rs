//! The files of an archive become blobs, several at once: each waits for the disk.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use simulay_archives::{ArchiveError, Shelf};
use simulay_blobs::Blobs;
use simulay_model::Digest;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::STRETCH;
use super::spool::Spool;
use crate::EngineError;
use crate::allowance::Allowance;
use crate::exchange::put;
use crate::storage::FreeSpace;

/// Bytes read at a time; a smaller file is stored beside others.
const PIECE: usize = 128 * 1024;
/// Small files on their way to the disk at once.
const AT_ONCE: usize = 16;

/// Stores what a thread reads.
pub(super) struct BlobShelf {
    blobs: Arc<dyn Blobs>,
    room: FreeSpace,
    runtime: Handle,
    storing: JoinSet<Result<(), EngineError>>,
    unseen: u64,
    /// Bytes read so far, and how many of them the account may send.
    size: u64,
    allowance: Arc<Allowance>,
    /// Cancelled when nobody waits for the archive any more.
    stop: CancellationToken,
}

impl BlobShelf {
    pub(super) fn new(
        blobs: Arc<dyn Blobs>,
        room: FreeSpace,
        allowance: Arc<Allowance>,
        stop: CancellationToken,
    ) -> Self {
        let (runtime, storing) = (Handle::current(), JoinSet::new());
        Self { blobs, room, runtime, storing, unseen: 0, size: 0, allowance, stop }
    }

    /// A place for an archive that must lie whole.
    pub(super) async fn spool(&self) -> Result<Spool, EngineError> {
        Ok(Spool::new(self.blobs.scratch().await?, self.room.clone(), self.allowance.clone()))
    }

    /// Comes back once all is stored.
    pub(super) fn settle(&mut self) -> Result<(), ArchiveError> {
        self.settle_to(0)
    }

    fn settle_to(&mut self, left: usize) -> Result<(), ArchiveError> {
        while self.storing.len() > left {
            let stored = self.runtime.block_on(self.storing.join_next());
            stored.unwrap_or(Ok(Ok(()))).map_err(EngineError::broken).flatten().map_err(failed)?;
        }
        Ok(())
    }

    fn store_small(&mut self, bytes: Bytes) -> Result<(Digest, u64), ArchiveError> {
        let stored = (Digest::of(&bytes), bytes.len() as u64);
        self.settle_to(AT_ONCE - 1)?;
        let blobs = self.blobs.clone();
        let storing = async move { Ok(put(&*blobs, bytes).await.map(|_| ())?) };
        self.storing.spawn_on(storing, &self.runtime);
        Ok(stored)
    }

    fn store_large(&mut self, first: Bytes, content: &mut dyn Read) -> Result<(Digest, u64), ArchiveError> {
        let mut writer = self.runtime.block_on(self.blobs.create()).map_err(failed)?;
        let mut piece = first;
        while !piece.is_empty() {
            self.runtime.block_on(writer.write(piece)).map_err(failed)?;
            piece = self.piece(content)?;
        }
        self.runtime.block_on(writer.finish()).map_err(failed)
    }

    /// The next bytes of `content`, less than [`PIECE`] only at its end.
    fn piece(&mut self, content: &mut dyn Read) -> Result<Bytes, ArchiveError> {
        let mut bytes = Vec::new();
        content.take(PIECE as u64).read_to_end(&mut bytes)?;
        self.unseen += bytes.len() as u64;
        self.size += bytes.len() as u64;
        self.look()?;
        Ok(bytes.into())
    }

    /// Goes on only while someone waits and there is room.
    fn look(&mut self) -> Result<(), ArchiveError> {
        if self.stop.is_cancelled() {
            return Err(ArchiveError::Damaged("nobody waits for it any more".to_owned()));
        }
        self.allowance.check(self.size).map_err(failed)?;
        if self.unseen >= STRETCH {
            self.runtime.block_on(self.room.check(0)).map_err(failed)?;
            self.unseen = 0;
        }
        Ok(())
    }
}

impl Shelf for BlobShelf {
    fn store(&mut self, content: &mut dyn Read) -> Result<(Digest, u64), ArchiveError> {
        let first = self.piece(content)?;
        if first.len() < PIECE { self.store_small(first) } else { self.store_large(first, content) }
    }
}

fn failed(error: impl Into<EngineError>) -> ArchiveError {
    ArchiveError::Shelf(Box::new(error.into()))
}
