//! Files and chunks behind the blobs.

use futures_util::StreamExt as _;
use mongodb::bson::{Binary, doc, spec::BinarySubtype};
use simulay_blobs::conformance::{content, noise};
use simulay_blobs::{BlobError, BlobInventory as _, Blobs as _};
use simulay_model::Digest;
use simulay_servers::MongoServer;

use crate::house::House;

const CHUNK: usize = 255 * 1024;

#[tokio::test]
async fn a_range_reads_the_chunks_it_needs_and_no_other() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let bytes = noise(5 * CHUNK + 1);
    let blob = house.put(&bytes).await;
    house.chunks().delete_many(doc! { "n": { "$nin": [2, 3] } }).await.unwrap();
    let (begin, end) = (2 * CHUNK + 10, 4 * CHUNK - 10);
    let read = house.blobs.read(blob, Some(begin as u64..end as u64)).await.unwrap();
    assert!(content(read).await.unwrap() == bytes[begin..end]);
    let more = house.blobs.read(blob, Some(begin as u64..end as u64 + 11)).await.unwrap();
    assert!(matches!(content(more).await, Err(BlobError::Corrupt(_))));
}

#[tokio::test]
async fn damage_is_found_where_the_whole_is_read() {
    let server = MongoServer::start();
    let bytes = noise(CHUNK + 100);
    let mut altered = bytes[CHUNK..].to_vec();
    altered[7] ^= 1;
    for damage in [altered.clone(), altered[1..].to_vec(), Vec::new()] {
        let house = House::new(&server).await;
        let blob = house.put(&bytes).await;
        let data = Binary { subtype: BinarySubtype::Generic, bytes: damage };
        house.chunks().update_one(doc! { "n": 1 }, doc! { "$set": { "data": data } }).await.unwrap();
        let pieces: Vec<_> = house.blobs.read(blob, None).await.unwrap().collect().await;
        assert!(matches!(pieces.last(), Some(Err(BlobError::Corrupt(damaged))) if *damaged == blob));
    }
}

#[tokio::test]
async fn a_blob_that_is_removed_while_it_is_read_is_told_as_gone() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let blob = house.put(&noise(3 * CHUNK)).await;
    let mut read = house.blobs.read(blob, None).await.unwrap();
    assert!(read.next().await.unwrap().is_ok());
    assert!(house.blobs.remove(blob, std::time::Duration::ZERO).await.unwrap());
    let rest: Vec<_> = read.collect().await;
    assert!(matches!(rest.as_slice(), [Err(BlobError::NotFound)]), "{rest:?}");
    assert_eq!(house.count().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_come_from_two_hosts_at_once_are_one_file() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let other = house.another(&server).await;
    let bytes = noise(5 * CHUNK);
    let (here, there) = tokio::join!(house.put(&bytes), other.put(&bytes));
    assert_eq!([here, there], [Digest::of(&bytes); 2]);
    house.settles((1, 5)).await;
    assert!(content(other.blobs.read(here, None).await.unwrap()).await.unwrap() == bytes);
}

#[tokio::test]
async fn small_bytes_that_are_there_are_not_sent_again() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    house.put(b"once").await;
    let before = house.files().find_one(doc! {}).await.unwrap().unwrap();
    house.put(b"once").await;
    let after = house.files().find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(before.get("_id"), after.get("_id"));
    assert_eq!(house.count().await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_survives_its_server() {
    let mut server = MongoServer::own();
    let house = House::new(&server).await;
    let bytes = noise(6 * CHUNK);
    let blob = house.put(&bytes).await;
    server.kill();
    server.revive();
    assert!(content(house.blobs.read(blob, None).await.unwrap()).await.unwrap() == bytes);
}
