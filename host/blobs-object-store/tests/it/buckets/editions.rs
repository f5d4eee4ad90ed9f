//! Objects behind the blobs.

use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::ObjectStoreExt as _;
use simulay_blobs::conformance::{content, noise, put};
use simulay_blobs::{BlobError, BlobInventory as _, Blobs as _};

use super::House;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_blob_larger_than_a_part_comes_back_in_pieces() {
    let house = House::new();
    let blobs = house.open().await;
    let bytes = noise(12 * MIB + 7);
    let blob = put(&*blobs, &bytes).await;
    let mut read = blobs.read(blob, None).await.unwrap();
    let mut found = Vec::new();
    while let Some(piece) = read.next().await {
        let piece = piece.unwrap();
        assert!(piece.len() <= MIB, "{} bytes at once", piece.len());
        found.extend_from_slice(&piece);
    }
    assert!(found == bytes);
    let (begin, end) = (5 * MIB - 3, 7 * MIB + 11);
    let part = blobs.read(blob, Some(begin as u64..end as u64)).await.unwrap();
    assert!(content(part).await.unwrap() == bytes[begin..end]);
    assert!(house.objects("incoming").await.is_empty());
}

#[tokio::test]
async fn however_often_a_blob_is_stored_and_kept_it_is_one_object() {
    let house = House::new();
    let (blobs, other) = (house.open().await, house.open().await);
    let blob = put(&*blobs, b"again").await;
    for _ in 0..3 {
        assert_eq!(other.keep(blob).await.unwrap(), Some(5));
        put(&*blobs, b"again").await;
        assert_eq!(house.objects("sha256").await.len(), 1);
    }
}

#[tokio::test]
async fn who_reads_goes_on_with_a_younger_edition() {
    let house = House::new();
    let blobs = house.open().await;
    let bytes = noise(3 * MIB);
    let blob = put(&*blobs, &bytes).await;
    let mut read = blobs.read(blob, None).await.unwrap();
    let mut found = read.next().await.unwrap().unwrap().to_vec();
    blobs.keep(blob).await.unwrap();
    found.extend(content(read).await.unwrap());
    assert!(found == bytes);
}

#[tokio::test]
async fn a_blob_that_is_removed_while_it_is_read_is_told_as_gone() {
    let house = House::new();
    let blobs = house.open().await;
    let blob = put(&*blobs, &noise(3 * MIB)).await;
    let mut read = blobs.read(blob, None).await.unwrap();
    assert!(read.next().await.unwrap().is_ok());
    assert!(blobs.remove(blob, Duration::ZERO).await.unwrap());
    assert!(matches!(content(read).await, Err(BlobError::NotFound)));
}

#[tokio::test]
async fn damage_is_found_where_the_whole_is_read_and_mended_by_the_same_bytes() {
    let house = House::new();
    let blobs = house.open().await;
    let blob = put(&*blobs, b"abc").await;
    let [object] = house.objects("sha256").await.try_into().unwrap();
    for damage in ["abd", "ab", ""] {
        house.raw().put(&object, damage.into()).await.unwrap();
        let read = content(blobs.read(blob, None).await.unwrap()).await;
        assert!(matches!(read, Err(BlobError::Corrupt(damaged)) if damaged == blob), "{damage}: {read:?}");
    }
    put(&*blobs, b"abc").await;
    assert_eq!(content(blobs.read(blob, None).await.unwrap()).await.unwrap(), b"abc");
}
