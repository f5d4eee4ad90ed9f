//! What is stored for an account: taken down as uploaded by it, so that its runs may name it.

use std::sync::Arc;

use bytes::Bytes;
use simulay_blobs::BlobWriter;
use simulay_model::{AccountName, Digest};
use simulay_store::{StoreError, Uploads};

use crate::EngineError;
use crate::storage::{FreeSpace, STRETCH};

/// Takes down what an account uploaded.
#[derive(Clone)]
pub(crate) struct Uploader {
    pub(crate) uploads: Arc<dyn Uploads>,
    pub(crate) account: AccountName,
}

impl Uploader {
    /// These are stored, and were uploaded.
    pub(crate) async fn record(&self, blobs: Vec<Digest>) -> Result<(), StoreError> {
        self.uploads.record(&self.account, blobs).await
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
}

impl InputWriter {
    pub(crate) fn new(writer: Box<dyn BlobWriter>, room: FreeSpace, uploader: Uploader) -> Self {
        Self { writer, room, uploader, unseen: 0 }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// [`EngineError::Low`] when too little room is left; when the store does not answer.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), EngineError> {
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
    /// When the store does not answer.
    pub async fn finish(self) -> Result<(Digest, u64), EngineError> {
        let (blob, size) = self.writer.finish().await?;
        self.uploader.record(vec![blob]).await?;
        Ok((blob, size))
    }
}
