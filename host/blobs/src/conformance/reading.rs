//! Blobs on their way out.

use simulay_model::Digest;

use super::{Subject, content};
use crate::BlobError;

/// Beyond its end there is nothing, and no error.
pub async fn ranges_are_cut_to_the_blob(subject: &Subject) {
    let blob = subject.put(b"0123456789").await;
    for (range, expected) in
        [(2..5, "234"), (0..10, "0123456789"), (8..99, "89"), (10..12, ""), (50..60, ""), (3..3, "")]
    {
        let read = subject.blobs.read(blob, Some(range.clone())).await.unwrap();
        assert_eq!(content(read).await.unwrap(), expected.as_bytes(), "{range:?}");
    }
}

/// Whatever is asked of it.
pub async fn a_missing_blob_is_told(subject: &Subject) {
    is_missing(subject, Digest::of(b"missing")).await;
}

pub(super) async fn is_missing(subject: &Subject, blob: Digest) {
    assert_eq!(subject.blobs.size(blob).await.unwrap(), None);
    assert_eq!(subject.blobs.keep(blob).await.unwrap(), None);
    for range in [None, Some(0..1)] {
        let read = subject.blobs.read(blob, range).await.err();
        assert!(matches!(read, Some(BlobError::NotFound)), "{read:?}");
    }
}
