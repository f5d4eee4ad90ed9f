//! Blobs in memory keep the promises of a store of blobs.

#![cfg(test)]

use std::sync::Arc;

use simulay_blobs::MemoryBlobs;
use simulay_blobs::conformance::{self, Subject};
use simulay_model::ManualClock;

#[tokio::test]
async fn what_is_in_memory_is_a_store_of_blobs() {
    conformance::check(async || {
        let clock = Arc::<ManualClock>::default();
        Subject::new(Arc::new(MemoryBlobs::new(clock.clone())), clock)
    })
    .await;
}

#[tokio::test]
async fn several_hosts_may_share_it() {
    let clock = Arc::<ManualClock>::default();
    let blobs = MemoryBlobs::new(clock.clone());
    let hosts = [0; 3].map(|_| Subject::new(Arc::new(blobs.clone()), clock.clone()));
    conformance::hosts::what_is_stored_or_kept_outlives_those_who_collect(&hosts, 20).await;
}
