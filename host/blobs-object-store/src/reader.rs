//! Blobs on their way out.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt as _};
use simulay_blobs::BlobError;
use simulay_model::{Digest, Hasher};

use crate::failure::of_object;
use crate::layout::key;

/// Bytes read at a time: there are many more who read, and who take their time.
const READ_PIECE: u64 = 64 * 1024;

/// A blob on its way out; hashed when it is read whole.
pub(crate) struct Reader {
    objects: Arc<dyn ObjectStore>,
    blob: Digest,
    left: Range<u64>,
    hasher: Option<Hasher>,
    ended: bool,
}

impl Reader {
    /// Reads the bytes of `range` of a blob of `size` bytes.
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, blob: Digest, range: Range<u64>, size: u64) -> Self {
        let hasher = (range == (0..size)).then(Hasher::default);
        Self { objects, blob, left: range, hasher, ended: false }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
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
        let end = self.left.end.min(self.left.start.saturating_add(READ_PIECE));
        let piece = self.objects.get_range(&key(self.blob), self.left.start..end).await.map_err(of_object)?;
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
        if found.is_none_or(|digest| digest == self.blob) { Ok(()) } else { Err(self.damaged()) }
    }

    fn damaged(&self) -> BlobError {
        BlobError::Corrupt(self.blob)
    }
}
