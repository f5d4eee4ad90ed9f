//! What is stored for an account: taken down as uploaded by it, so that its runs may name it.

use std::sync::Arc;

use bytes::Bytes;
use simulay_blobs::BlobWriter;
use simulay_model::{Digest, Principal};
use simulay_store::{Upload, Uploads};

use crate::EngineError;
use crate::allowance::Allowance;
use crate::quotas::AccountQuotas;
use crate::storage::{FreeSpace, STRETCH};

/// Takes down what an account uploaded, within its quotas.
#[derive(Clone)]
pub(crate) struct Uploader {
    pub(crate) uploads: Arc<dyn Uploads>,
    pub(crate) principal: Principal,
    pub(crate) quotas: AccountQuotas,
    pub(crate) allowance: Arc<Allowance>,
}

impl Uploader {
    /// Refuses what came when there is no more room for it: other uploads may have come meanwhile. What the account
    /// keeps already takes none.
    async fn check(&self, upload: Upload) -> Result<(), EngineError> {
        let known = self.uploads.nameable(&self.principal.visible(), vec![upload.sha256]).await?;
        if known.is_empty() {
            let allowance = self.quotas.allowance(&self.principal.account, self.allowance.at).await?;
            allowance.check(upload.size)?;
        }
        Ok(())
    }

    /// These are stored, and were uploaded.
    pub(crate) async fn record(&self, uploads: Vec<Upload>) -> Result<(), EngineError> {
        let quotas = &self.allowance.quotas;
        Ok(self.uploads.record(&self.principal.account, uploads, quotas).await?)
    }
}

/// One input on its way in; dropped without `finish`, it leaves nothing behind. It takes nothing of the room
/// that is kept for the work in hand.
pub struct InputWriter {
    writer: Box<dyn BlobWriter>,
    room: FreeSpace,
    uploader: Uploader,
    /// Bytes since the last look at the room.
    unseen: usize,
    size: u64,
}

impl InputWriter {
    pub(crate) fn new(writer: Box<dyn BlobWriter>, room: FreeSpace, uploader: Uploader) -> Self {
        Self { writer, room, uploader, unseen: 0, size: 0 }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// [`EngineError::Low`] when too little room is left, [`simulay_store::StoreError::QuotaExceeded`]; when the store
    /// does not answer.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), EngineError> {
        self.size += bytes.len() as u64;
        self.uploader.allowance.check(self.size)?;
        self.unseen += bytes.len();
        if self.unseen >= STRETCH {
            self.room.check(std::mem::take(&mut self.unseen)).await?;
        }
        Ok(self.writer.write(bytes).await?)
    }

    /// The address of the bytes that came so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.writer.digest()
    }

    /// All bytes have come: makes them durable, and nameable by whoever sent them; gives their address and
    /// number.
    ///
    /// # Errors
    /// [`simulay_store::StoreError::QuotaExceeded`]; when the store does not answer.
    pub async fn finish(self) -> Result<(Digest, u64), EngineError> {
        // What is refused leaves nothing behind.
        self.uploader.check(Upload { sha256: self.writer.digest(), size: self.size }).await?;
        let (sha256, size) = self.writer.finish().await?;
        self.uploader.record(vec![Upload { sha256, size }]).await?;
        Ok((sha256, size))
    }
}
