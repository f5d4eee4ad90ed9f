//! Blobs on their way in, the same for every store: cut into pieces, counted and hashed. A store only takes
//! pieces, and publishes what is whole.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use simulay_model::{Digest, Hasher};

use crate::{BlobError, BlobWriter};

/// Takes the pieces of one blob. Dropped before [`PieceSink::publish`], it leaves nothing behind.
#[async_trait]
pub trait PieceSink: Send {
    /// The next piece: as many bytes as were agreed on.
    async fn take(&mut self, piece: Bytes) -> Result<(), BlobError>;

    /// All pieces have come, but for `rest`, which is less than one; makes the blob durable at its address.
    async fn publish(self, rest: Bytes, whole: Whole) -> Result<(), BlobError>;
}

/// All bytes of a blob that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// Their address.
    pub blob: Digest,
    /// Their number.
    pub size: u64,
}

/// A blob on its way into a [`PieceSink`]; at most one piece of it is held here, besides what the sink has not written yet.
pub struct PieceWriter<S> {
    sink: S,
    piece: usize,
    pending: BytesMut,
    hasher: Hasher,
    size: u64,
}

impl<S: PieceSink> PieceWriter<S> {
    /// Begins a blob that `sink` takes in pieces of `piece` bytes.
    pub fn new(sink: S, piece: usize) -> Self {
        Self { sink, piece, pending: BytesMut::new(), hasher: Hasher::default(), size: 0 }
    }
}

#[async_trait]
impl<S: PieceSink> BlobWriter for PieceWriter<S> {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
        while !bytes.is_empty() {
            let room = self.piece.saturating_sub(self.pending.len());
            let part = bytes.split_to(room.min(bytes.len()));
            self.hasher.update(&part);
            self.size += part.len() as u64;
            self.pending.extend_from_slice(&part);
            if self.pending.len() >= self.piece {
                self.sink.take(self.pending.split().freeze()).await?;
            }
        }
        Ok(())
    }

    fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), BlobError> {
        let Self { sink, pending, hasher, size, .. } = *self;
        let blob = hasher.finish();
        sink.publish(pending.freeze(), Whole { blob, size }).await?;
        Ok((blob, size))
    }
}
