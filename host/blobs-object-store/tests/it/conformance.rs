//! Files keep the promises of a store of blobs.

use std::cell::Cell;
use std::sync::Arc;

use simulay_blobs::conformance::{self, Subject};
use simulay_blobs_object_store::ObjectBlobs;
use simulay_model::ManualClock;

#[tokio::test(flavor = "multi_thread")]
async fn files_are_a_store_of_blobs() {
    let (parent, opened) = (tempfile::tempdir().unwrap(), Cell::new(0));
    conformance::check(async || {
        let directory = parent.path().join(opened.replace(opened.get() + 1).to_string());
        let clock = Arc::<ManualClock>::default();
        let blobs = ObjectBlobs::open(&directory, clock.clone()).unwrap();
        Subject::new(Arc::new(blobs), clock)
    })
    .await;
}
