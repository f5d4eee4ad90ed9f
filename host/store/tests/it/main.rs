//! The store in memory keeps the promises of a store.

#![cfg(test)]

use std::sync::Arc;

use simulay_model::ManualClock;
use simulay_store::MemoryStore;
use simulay_store::conformance::{self, Subject};

#[tokio::test]
async fn what_is_in_memory_is_a_store() {
    conformance::check(async || {
        let clock = Arc::<ManualClock>::default();
        Subject::new(Arc::new(MemoryStore::new(clock.clone())), clock)
    })
    .await;
}
