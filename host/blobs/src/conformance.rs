//! What every store of blobs must do, whatever keeps them. Each behaviour is a function that fails the test
//! which calls it, and is given an empty store; [`check`] calls them all.

#![expect(clippy::unwrap_used, reason = "a suite fails the test that calls it")]

pub mod hosts;
pub mod inventory;
pub mod reading;
pub mod writing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use simulay_model::{Digest, ManualClock};

use crate::{BlobError, BlobInventory, BlobStream, Blobs};

/// A store of blobs to be checked: its ports.
pub struct Subject {
    /// The blobs.
    pub blobs: Arc<dyn Blobs>,
    /// Which there are.
    pub inventory: Arc<dyn BlobInventory>,
    /// The clock by which they age.
    pub clock: Arc<dyn Passing>,
}

/// A clock that a suite lets time pass on.
#[async_trait]
pub trait Passing: Send + Sync {
    /// Lets `time` pass: blobs are as much older.
    async fn pass(&self, time: Duration);
}

#[async_trait]
impl Passing for ManualClock {
    async fn pass(&self, time: Duration) {
        self.advance(time);
    }
}

impl Subject {
    /// A store that is one thing.
    pub fn new<B: Blobs + BlobInventory + 'static>(blobs: Arc<B>, clock: Arc<dyn Passing>) -> Self {
        Self { blobs: blobs.clone(), inventory: blobs, clock }
    }

    async fn put(&self, bytes: &[u8]) -> Digest {
        put(&*self.blobs, bytes).await
    }
}

/// Checks every behaviour, each on a store that `open` gives: an empty one each time.
pub async fn check(open: impl AsyncFn() -> Subject) {
    check_bytes(&open).await;
    check_inventory(&open).await;
}

async fn check_bytes(open: &impl AsyncFn() -> Subject) {
    writing::blobs_of_every_size_come_back(&open().await).await;
    writing::an_abandoned_writer_leaves_nothing(&open().await).await;
    writing::the_same_bytes_may_come_many_times_at_once(&open().await).await;
    writing::a_scratch_file_is_written_and_read(&open().await).await;
    reading::ranges_are_cut_to_the_blob(&open().await).await;
    reading::a_missing_blob_is_told(&open().await).await;
}

async fn check_inventory(open: &impl AsyncFn() -> Subject) {
    inventory::every_blob_is_listed_once_with_its_size(&open().await).await;
    inventory::blobs_age_until_they_are_stored_or_kept_again(&open().await).await;
    inventory::only_what_is_old_enough_is_removed(&open().await).await;
    inventory::what_was_kept_meanwhile_stays(&open().await).await;
    inventory::what_was_stored_again_meanwhile_stays(&open().await).await;
    inventory::what_was_removed_may_come_again(&open().await).await;
    inventory::there_is_room(&open().await).await;
}

/// Stores a blob.
pub async fn put(blobs: &dyn Blobs, bytes: &[u8]) -> Digest {
    let mut writer = blobs.create().await.unwrap();
    writer.write(Bytes::copy_from_slice(bytes)).await.unwrap();
    writer.finish().await.unwrap().0
}

/// All bytes of a blob.
///
/// # Errors
/// What its stream ends with.
pub async fn content(stream: BlobStream) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<Bytes> = stream.try_collect().await?;
    Ok(pieces.concat())
}

/// `size` bytes that are not all the same.
#[must_use]
pub fn noise(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index * 31 + index / 251) as u8).collect()
}
