//! Blobs on their way out, the same for every store: ranges are cut to the blob, and what is read whole is
//! hashed. A store only gives pieces.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use simulay_model::Hasher;

use crate::{BlobError, BlobStream, Whole};

/// Gives the bytes of one blob.
#[async_trait]
pub trait PieceSource: Send + Sync + 'static {
    /// The first bytes of `left`, which is not empty and within the blob; none when the blob has lost them.
    async fn piece(&mut self, left: Range<u64>) -> Result<Bytes, BlobError>;
}

/// The bytes of `range` (all of them without) of a blob, read as they are asked for. Where it is read whole, the
/// stream ends with [`BlobError::Corrupt`] unless its bytes are those of its address.
pub fn outgoing(whole: Whole, range: Option<Range<u64>>, source: impl PieceSource) -> BlobStream {
    let reader = Reader::new(whole, range, source);
    let pieces = stream::unfold(reader, |mut reader| async move {
        let piece = reader.next().await.transpose()?;
        Some((piece, reader))
    });
    pieces.boxed()
}

struct Reader<S> {
    source: S,
    whole: Whole,
    left: Range<u64>,
    hasher: Option<Hasher>,
    ended: bool,
}

impl<S: PieceSource> Reader<S> {
    fn new(whole: Whole, range: Option<Range<u64>>, source: S) -> Self {
        let size = whole.size;
        let left = range.map_or(0..size, |range| range.start.min(size)..range.end.min(size));
        let hasher = (left == (0..size)).then(Hasher::default);
        Self { source, whole, left, hasher, ended: false }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if self.ended {
            return Ok(None);
        }
        if self.left.is_empty() {
            self.ended = true;
            return self.verify().map(|()| None);
        }
        let piece = self.piece().await;
        self.ended = piece.is_err();
        piece.map(Some)
    }

    async fn piece(&mut self) -> Result<Bytes, BlobError> {
        let piece = self.source.piece(self.left.clone()).await?;
        if piece.is_empty() {
            return Err(self.damaged());
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&piece);
        }
        self.left.start += piece.len() as u64;
        Ok(piece)
    }

    fn verify(&mut self) -> Result<(), BlobError> {
        let found = self.hasher.take().map(Hasher::finish);
        if found.is_none_or(|digest| digest == self.whole.blob) { Ok(()) } else { Err(self.damaged()) }
    }

    fn damaged(&self) -> BlobError {
        BlobError::Corrupt(self.whole.blob)
    }
}
