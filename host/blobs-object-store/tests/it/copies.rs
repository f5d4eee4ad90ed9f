//! Copies of blobs, and what is damaged in them.

use simulay_blobs_object_store::{BlobCopies, Copied, file_of};
use simulay_model::Digest;

use crate::samples::House;

async fn full() -> (House, [Digest; 2]) {
    let house = House::new();
    let blobs = [house.put(b"first").await, house.put(b"second").await];
    (house, blobs)
}

#[tokio::test]
async fn copies_are_whole_whether_or_not_they_are_checked() {
    let (house, blobs) = full().await;
    let place = tempfile::tempdir().unwrap();
    for checked in [false, true] {
        let (from, to) = (house.directory.path(), place.path().join(checked.to_string()));
        let copies = if checked { BlobCopies::checked(from, &to) } else { BlobCopies::linked(from, &to) };
        let mut copies = copies.unwrap();
        copies.take_all().unwrap();
        blobs.iter().for_each(|blob| copies.require(*blob).unwrap());
        assert_eq!(copies.finish(), Copied { blobs: 2, bytes: 11, damaged: Vec::new() });
        assert_eq!(std::fs::read(file_of(&to, blobs[1])).unwrap(), b"second");
    }
}

#[tokio::test]
async fn damage_is_found_once_and_left_behind() {
    let (house, [damaged, whole]) = full().await;
    std::fs::write(house.file(damaged), b"fir5t").unwrap();
    let (place, missing) = (tempfile::tempdir().unwrap(), Digest::of(b"never there"));
    let mut copies = BlobCopies::checked(house.directory.path(), place.path()).unwrap();
    copies.take_all().unwrap();
    for blob in [damaged, whole, missing, missing] {
        copies.require(blob).unwrap();
    }
    assert_eq!(copies.finish(), Copied { blobs: 1, bytes: 6, damaged: vec![damaged, missing] });
    assert!(!file_of(place.path(), damaged).exists());
}

#[test]
fn nothing_is_copied_from_a_directory_that_is_not_there() {
    let place = tempfile::tempdir().unwrap();
    let mut copies = BlobCopies::linked(&place.path().join("none"), &place.path().join("to")).unwrap();
    copies.take_all().unwrap();
    assert_eq!(copies.finish(), Copied::default());
}
