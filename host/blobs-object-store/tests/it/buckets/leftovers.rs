//! What hosts that died in the middle left behind, and what others put there.

use std::time::Duration;

use object_store::ObjectStoreExt as _;
use object_store::path::Path as Key;
use simulay_blobs::conformance::{noise, put};
use simulay_blobs::{BlobInventory as _, Blobs as _};

use super::House;

const MIB: usize = 1024 * 1024;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn what_became_no_blob_goes_when_it_is_a_day_old() {
    let house = House::new();
    let blobs = house.open().await;
    let stored = put(&*blobs, b"stored").await;
    // As a host leaves it that dies before it has made an edition.
    let staged = Key::from("incoming/0190");
    house.raw().put(&staged, "whole, but not at its address".into()).await.unwrap();
    house.server.0.pass(DAY - Duration::from_secs(3600));
    blobs.list().await.unwrap();
    assert_eq!(house.objects("incoming").await, [staged], "somebody may still be at work");
    house.server.0.pass(DAY);
    let listed = blobs.list().await.unwrap();
    assert_eq!(listed.iter().map(|found| found.blob).collect::<Vec<_>>(), [stored]);
    assert!(house.objects("incoming").await.is_empty());
}

#[tokio::test]
async fn an_abandoned_writer_leaves_no_parts() {
    let house = House::new();
    let blobs = house.open().await;
    let mut writer = blobs.create().await.unwrap();
    writer.write(noise(6 * MIB).into()).await.unwrap();
    assert_eq!(house.server.0.uploads(&house.settings.bucket), 1);
    drop(writer);
    let gone = async {
        while house.server.0.uploads(&house.settings.bucket) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.unwrap();
}

#[tokio::test]
async fn what_others_put_into_the_bucket_is_no_blob_and_stays() {
    let house = House::new();
    let blobs = house.open().await;
    let others = [Key::from("sha256/ab/readme"), Key::from("backups/of/somebody")];
    for other in &others {
        house.raw().put(other, "not ours".into()).await.unwrap();
    }
    house.server.0.pass(2 * DAY);
    assert_eq!(blobs.list().await.unwrap(), []);
    for other in &others {
        house.raw().head(other).await.unwrap();
    }
}
