//! Immutable bytes.

use std::io::{Read as _, Seek as _, Write as _};

use futures_util::future::join_all;
use simulay_model::Digest;

use super::Subject;
use super::subject::content;
use crate::StoreError;

const MIB: usize = 1024 * 1024;

fn noise(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index * 31 + index / 251) as u8).collect()
}

/// Under the address of their bytes, however large.
pub async fn blobs_of_every_size_come_back(subject: &Subject) {
    for size in [0, 1, MIB / 2 - 1, MIB / 2, MIB / 2 + 1, 3 * MIB + 7] {
        let bytes = noise(size);
        let mut writer = subject.blobs.create().await.unwrap();
        for piece in bytes.chunks(MIB / 2) {
            writer.write(piece.to_vec().into()).await.unwrap();
        }
        assert_eq!(writer.digest(), Digest::of(&bytes));
        let (blob, told) = writer.finish().await.unwrap();
        assert_eq!((blob, told), (Digest::of(&bytes), size as u64));
        assert_eq!(subject.blobs.size(blob).await.unwrap(), Some(size as u64));
        assert_eq!(subject.blobs.keep(blob).await.unwrap(), Some(size as u64));
        assert!(content(subject.blobs.read(blob, None).await.unwrap()).await.unwrap() == bytes, "{size}");
    }
}

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

/// Whether or not all bytes had come.
pub async fn an_abandoned_writer_leaves_nothing(subject: &Subject) {
    for size in [10, 2 * MIB] {
        let mut writer = subject.blobs.create().await.unwrap();
        writer.write(noise(size).into()).await.unwrap();
        let blob = writer.digest();
        drop(writer);
        is_missing(subject, blob).await;
    }
}

async fn is_missing(subject: &Subject, blob: Digest) {
    assert_eq!(subject.blobs.size(blob).await.unwrap(), None);
    assert_eq!(subject.blobs.keep(blob).await.unwrap(), None);
    for range in [None, Some(0..1)] {
        let read = subject.blobs.read(blob, range).await.err();
        assert!(matches!(read, Some(StoreError::NotFound)), "{read:?}");
    }
}

/// Each writer is told the same.
pub async fn the_same_bytes_may_come_many_times_at_once(subject: &Subject) {
    let bytes = noise(MIB);
    for written in join_all((0..16).map(|_| subject.put(&bytes))).await {
        assert_eq!(written, Digest::of(&bytes));
    }
    let read = subject.blobs.read(Digest::of(&bytes), None).await.unwrap();
    assert!(content(read).await.unwrap() == bytes);
}

/// And is nobody else's.
pub async fn a_scratch_file_is_written_and_read(subject: &Subject) {
    let (mut file, mut other) =
        (subject.blobs.scratch().await.unwrap(), subject.blobs.scratch().await.unwrap());
    file.write_all(b"for now").unwrap();
    file.rewind().unwrap();
    let mut read = String::new();
    file.read_to_string(&mut read).unwrap();
    assert_eq!((read.as_str(), other.read(&mut [0]).unwrap()), ("for now", 0));
}
