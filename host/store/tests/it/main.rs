//! The store in memory keeps the promises of a store.

#![cfg(test)]

use std::sync::Arc;

use simulay_store::MemoryStore;
use simulay_store::conformance::{self, ManualClock, Subject};

#[tokio::test]
async fn what_is_in_memory_is_a_store() {
    conformance::check(async || {
        let clock = Arc::<ManualClock>::default();
        let memory = Arc::new(MemoryStore::new(clock.clone()));
        Subject::new(memory.clone(), memory, clock)
    })
    .await;
}
