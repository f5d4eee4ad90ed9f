//! Immutable bytes as files.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use simulay_blobs::{BlobError, Blobs as _};
use simulay_model::{Digest, Hasher};

use crate::samples::{House, content, files, noise, put};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn damage_is_found_where_the_whole_is_read_and_mended_by_the_same_bytes() {
    let house = House::new();
    let (small, large) = (noise(100), noise(2 * MIB));
    for bytes in [small, large] {
        let blob = house.put(&bytes).await;
        let mut damaged = bytes.clone();
        damaged[bytes.len() - 1] ^= 1;
        for damage in [damaged.as_slice(), &bytes[..bytes.len() - 1], b""] {
            std::fs::write(house.file(blob), damage).unwrap();
            let read = content(house.blobs.read(blob, None).await.unwrap()).await;
            assert!(matches!(read, Err(BlobError::Corrupt(_))));
        }
        house.put(&bytes).await;
        assert!(content(house.blobs.read(blob, None).await.unwrap()).await.unwrap() == bytes);
    }
}

#[tokio::test]
async fn a_damaged_stream_ends_with_its_error() {
    let house = House::new();
    let blob = house.put(b"abc").await;
    std::fs::write(house.file(blob), b"abd").unwrap();
    let pieces: Vec<_> = house.blobs.read(blob, None).await.unwrap().collect().await;
    assert_eq!(pieces.len(), 2);
    assert!(pieces[0].is_ok() && pieces[1].is_err());
}

#[tokio::test]
async fn an_abandoned_writer_leaves_no_file() {
    let house = House::new();
    for size in [10, 2 * MIB] {
        let mut writer = house.blobs.create().await.unwrap();
        writer.write(noise(size).into()).await.unwrap();
        assert_eq!(
            files(house.directory.path()).len(),
            size / (2 * MIB),
            "only large blobs touch the disk early"
        );
        drop(writer);
        // The file is removed on another thread.
        let gone = async {
            while !files(house.directory.path()).is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_crash_left_is_removed_at_the_next_start() {
    let house = House::new();
    let blob = house.put(b"whole").await;
    let incoming = house.directory.path().join("incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::write(incoming.join("0190#1"), b"ha").unwrap();
    std::fs::write(incoming.join("0191"), b"whole, but not at its address").unwrap();
    let half = house.file(blob).with_extension("#1");
    std::fs::write(half, b"lf").unwrap();
    let house = house.reopen();
    assert_eq!(files(house.directory.path()), [house.file(blob)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_come_many_times_at_once_are_one_file() {
    let house = House::new();
    let bytes = noise(MIB);
    let writers = (0..16).map(|_| {
        let (blobs, bytes) = (house.blobs.clone(), bytes.clone());
        tokio::spawn(async move { put(&*blobs, &bytes).await })
    });
    for written in join_all(writers).await {
        assert_eq!(written.unwrap(), Digest::of(&bytes));
    }
    assert_eq!(files(house.directory.path()), [house.file(Digest::of(&bytes))]);
}

#[tokio::test]
async fn a_large_blob_passes_in_pieces() {
    let house = House::new();
    let piece = Bytes::from(noise(MIB));
    let (mut writer, mut hasher) = (house.blobs.create().await.unwrap(), Hasher::default());
    for _ in 0..64 {
        hasher.update(&piece);
        writer.write(piece.clone()).await.unwrap();
    }
    let (blob, size) = writer.finish().await.unwrap();
    assert_eq!((blob, size), (hasher.finish(), 64 * MIB as u64));
    let mut read = house.blobs.read(blob, None).await.unwrap();
    let (mut total, mut largest) = (0, 0);
    while let Some(piece) = read.next().await {
        let piece = piece.unwrap().len();
        (total, largest) = (total + piece, largest.max(piece));
    }
    assert_eq!(total, 64 * MIB);
    assert!(largest <= MIB, "{largest} bytes at once");
}
