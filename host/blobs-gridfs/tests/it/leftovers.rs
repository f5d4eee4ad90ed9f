//! What hosts that died in the middle left behind.

use std::time::Duration;

use mongodb::bson::doc;
use simulay_blobs::conformance::{content, noise};
use simulay_blobs::{BlobError, BlobInventory as _, BlobWriter, Blobs as _};
use simulay_model::Digest;
use simulay_servers::MongoServer;

use crate::house::House;

const CHUNK: usize = 255 * 1024;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A blob of which all but the last bytes have come.
async fn half(house: &House, bytes: &[u8]) -> Box<dyn BlobWriter> {
    let mut writer = house.blobs.create().await.unwrap();
    writer.write(bytes.to_vec().into()).await.unwrap();
    writer
}

#[tokio::test]
async fn an_abandoned_writer_leaves_no_document() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let writer = half(&house, &noise(9 * CHUNK)).await;
    assert_eq!(house.count().await, (1, 8));
    drop(writer);
    house.settles((0, 0)).await;
}

#[tokio::test]
async fn an_upload_whose_host_died_goes_when_it_is_a_day_old() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    std::mem::forget(half(&house, &noise(9 * CHUNK)).await);
    let stored = house.put(b"stored").await;
    house.pass(DAY - Duration::from_secs(3600)).await;
    assert_eq!(house.blobs.list().await.unwrap().len(), 1);
    assert_eq!(house.count().await, (2, 9), "it may still be at work");
    house.pass(DAY).await;
    assert_eq!(house.blobs.list().await.unwrap().len(), 1);
    assert_eq!(house.count().await, (1, 1));
    assert!(house.blobs.size(stored).await.unwrap().is_some());
}

#[tokio::test]
async fn an_upload_that_was_taken_for_abandoned_is_refused_and_no_half_blob() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let bytes = noise(9 * CHUNK);
    let mut writer = half(&house, &bytes).await;
    house.pass(DAY).await;
    house.blobs.list().await.unwrap();
    writer.write(b"the rest".to_vec().into()).await.unwrap();
    let blob = writer.digest();
    assert!(matches!(writer.finish().await, Err(BlobError::Failed(_))));
    assert_eq!(house.blobs.size(blob).await.unwrap(), None);
    house.settles((0, 0)).await;
}

#[tokio::test]
async fn a_chunk_that_comes_after_its_writer_went_is_removed_later() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let mut writer = half(&house, &noise(5 * CHUNK)).await;
    let file = house.files().find_one(doc! {}).await.unwrap().unwrap();
    let id = file.get_object_id("_id").unwrap();
    // In the place of the next one, so that the writer does not know what came of it.
    house.chunks().insert_one(doc! { "files_id": id, "n": 4 }).await.unwrap();
    writer.write(noise(4 * CHUNK).into()).await.unwrap_err();
    drop(writer);
    house.settles((1, 0)).await;
    house.chunks().insert_one(doc! { "files_id": id, "n": 5 }).await.unwrap();
    house.blobs.list().await.unwrap();
    assert_eq!(house.count().await, (1, 1), "more may come");
    house.pass(Duration::from_secs(300)).await;
    house.blobs.list().await.unwrap();
    assert_eq!(house.count().await, (0, 0));
}

#[tokio::test]
async fn a_removal_that_broke_off_is_finished_and_the_blob_may_come_again() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let bytes = noise(2 * CHUNK);
    let blob = house.put(&bytes).await;
    // As a host leaves it that dies right after it has decided.
    let going = doc! { "$set": { "metadata.state": "going" } };
    house.files().update_one(doc! { "filename": blob.to_string() }, going).await.unwrap();
    assert_eq!(house.blobs.size(blob).await.unwrap(), None);
    assert_eq!(house.put(&bytes).await, Digest::of(&bytes));
    assert_eq!(house.count().await, (2, 4));
    house.blobs.list().await.unwrap();
    assert_eq!(house.count().await, (1, 2));
    assert!(content(house.blobs.read(blob, None).await.unwrap()).await.unwrap() == bytes);
}

#[tokio::test]
async fn a_file_that_became_the_blob_after_all_is_not_discarded() {
    let server = MongoServer::start();
    let house = House::new(&server).await;
    let writer = half(&house, &noise(8 * CHUNK)).await;
    let blob = writer.digest();
    // As when the answer to the publication was lost, and the writer takes it for failed.
    let stored = doc! { "$set": {
        "filename": blob.to_string(), "length": 8 * CHUNK as i64, "metadata.state": "stored",
    } };
    house.files().update_one(doc! {}, stored).await.unwrap();
    discard(writer).await;
    assert_eq!(house.count().await, (1, 8));
    assert_eq!(content(house.blobs.read(blob, None).await.unwrap()).await.unwrap().len(), 8 * CHUNK);
}

/// Drops a writer, and waits for what it does then.
async fn discard(writer: Box<dyn BlobWriter>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    {
        let _entered = runtime.enter();
        drop(writer);
    }
    assert_eq!(runtime.metrics().num_alive_tasks(), 1);
    while runtime.metrics().num_alive_tasks() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    runtime.shutdown_background();
}
