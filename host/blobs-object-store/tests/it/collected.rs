//! Blobs that go, while others come and are named.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use simulay_blobs::{BlobInventory as _, Blobs as _};

use crate::samples::{House, put};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn blobs_are_as_old_after_a_restart() {
    let house = House::new();
    let blob = house.put(b"old").await;
    house.clock.advance(HOUR);
    let house = house.reopen();
    let listed = house.blobs.list().await.unwrap();
    assert_eq!(listed.iter().map(|stored| (stored.blob, stored.age)).collect::<Vec<_>>(), [(blob, HOUR)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_comes_or_is_named_while_it_is_collected_is_there_afterwards() {
    let house = House::new();
    for round in 0..100_u32 {
        let bytes = round.to_string();
        let blob = house.put(bytes.as_bytes()).await;
        // Old, so that only an upload or a name saves it.
        house.clock.advance(HOUR);
        let (blobs, other) = (house.blobs.clone(), house.blobs.clone());
        let collecting = tokio::spawn(async move { blobs.remove(blob, HOUR).await.unwrap() });
        let saved = if round.is_multiple_of(2) {
            put(&*other, bytes.as_bytes()).await;
            true
        } else {
            other.keep(blob).await.unwrap().is_some()
        };
        collecting.await.unwrap();
        assert_eq!(house.blobs.size(blob).await.unwrap().is_some(), saved, "round {round}");
    }
    join_all((0..4).map(|_| house.put(b"together"))).await;
}

#[tokio::test]
async fn what_a_store_holds_is_let_go_of_when_it_is_closed() {
    let (directory, held) = (tempfile::tempdir().unwrap(), Arc::new(()));
    let clock = Arc::<simulay_model::ManualClock>::default();
    let blobs = simulay_blobs_object_store::ObjectBlobs::open(directory.path(), clock).unwrap();
    let blobs = blobs.holding(held.clone());
    assert_eq!(Arc::strong_count(&held), 2);
    drop(blobs);
    assert_eq!(Arc::strong_count(&held), 1);
}
