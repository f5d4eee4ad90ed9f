//! Blobs on their way out.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use simulay_blobs::BlobError;

use crate::failure::of_object;

/// Reads the first bytes of `left` of an object, at most `piece` of them.
pub(crate) async fn piece(
    objects: &Arc<dyn ObjectStore>,
    key: &Key,
    left: Range<u64>,
    piece: u64,
) -> Result<Bytes, BlobError> {
    let end = left.end.min(left.start.saturating_add(piece));
    objects.get_range(key, left.start..end).await.map_err(of_object)
}
