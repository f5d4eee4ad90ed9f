//! Copies of records, made while a host writes, and put back.

use simulay_model::OwnerFilter::Any;
use simulay_model::{Chain, Digest};
use simulay_store::{Plugins as _, Runs as _, StoreError};
use simulay_store_sqlite::{copy_records, holds_records, restore_records};
use tempfile::TempDir;

use crate::samples::{House, open, plugin};

fn two_places() -> [TempDir; 2] {
    [(), ()].map(|()| tempfile::tempdir().unwrap())
}

#[tokio::test]
async fn a_copy_goes_back_and_tells_which_blobs_it_names() {
    let house = House::new();
    let run = house.run().await;
    house.records.add(plugin("heat", "1.0.0", b"a component"), None).await.unwrap();
    let [copy, back] = two_places();
    assert!(!holds_records(copy.path()));
    let named = [Digest::of(b"a component"), Digest::of(b"1,2")].into_iter().collect();
    assert_eq!(copy_records(house.directory.path(), copy.path()).unwrap(), named);
    assert!(holds_records(copy.path()));
    let later = house.run().await;
    assert_eq!(restore_records(copy.path(), back.path()).unwrap(), named);
    let (records, _blobs) = open(back.path()).unwrap();
    assert!(records.get(&Any, run).await.unwrap().is_some());
    assert!(records.get(&Any, later).await.unwrap().is_none());
}

#[tokio::test]
async fn a_copy_of_a_newer_version_is_refused_in_words() {
    let (house, [copy, back]) = (House::new(), two_places());
    copy_records(house.directory.path(), copy.path()).unwrap();
    let newer = rusqlite::Connection::open(copy.path().join("simulay.sqlite")).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(newer);
    let refused = restore_records(copy.path(), back.path()).unwrap_err();
    let told = Chain(&refused).to_string();
    assert!(told.contains("newer version of Simulay"), "{told}");
}

#[test]
fn damaged_records_are_not_put_back() {
    let [copy, back] = two_places();
    std::fs::write(copy.path().join("simulay.sqlite"), vec![b'x'; 8192]).unwrap();
    assert!(matches!(restore_records(copy.path(), back.path()), Err(StoreError::Corrupt(_))));
}
