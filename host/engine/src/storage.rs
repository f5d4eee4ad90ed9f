//! Room for what is stored: new work leaves some for the work in hand.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use simulay_model::Digest;
use simulay_store::{BlobWriter, Space, StoreError};

/// Bytes written between two looks at the room that is left.
const STRETCH: usize = 8 << 20;

/// Refuses new work when less than `floor` bytes are free, or nothing can be stored.
pub(crate) async fn admit(space: &dyn Space, floor: u64) -> Result<(), StoreError> {
    let free = space.free().await?;
    if free < floor { Err(StoreError::Low { free, floor }) } else { Ok(()) }
}

/// One blob on its way in, given up when it would take what is kept for the work in hand.
pub(crate) struct Polite {
    pub(crate) writer: Box<dyn BlobWriter>,
    pub(crate) space: Arc<dyn Space>,
    pub(crate) floor: u64,
    /// Bytes since the last look.
    pub(crate) unseen: usize,
}

#[async_trait]
impl BlobWriter for Polite {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.unseen += bytes.len();
        if self.unseen >= STRETCH {
            self.unseen = 0;
            admit(&*self.space, self.floor).await?;
        }
        self.writer.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), StoreError> {
        self.writer.finish().await
    }
}
