//! Blobs on their way in.

use std::io::{Read as _, Seek as _, Write as _};

use futures_util::future::join_all;
use simulay_model::Digest;

use super::reading::is_missing;
use super::{Subject, content, noise};

const MIB: usize = 1024 * 1024;

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

/// Whether or not all bytes had come.
pub async fn an_abandoned_writer_leaves_nothing(subject: &Subject) {
    for size in [10, 2 * MIB] {
        let mut writer = subject.blobs.create().await.unwrap();
        writer.write(noise(size).into()).await.unwrap();
        let blob = writer.digest();
        drop(writer);
        is_missing(subject, blob).await;
    }
    assert_eq!(subject.inventory.list().await.unwrap(), []);
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
    assert_eq!(subject.inventory.list().await.unwrap(), [], "it is no blob");
}
