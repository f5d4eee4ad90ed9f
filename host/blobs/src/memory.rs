//! Blobs in memory that keep what the others keep, for tests of what stands on blobs. They outlive whoever
//! uses them.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use parking_lot::Mutex;
use simulay_model::{Clock, Digest};

use crate::{BlobError, BlobInventory, BlobStream, BlobWriter, Blobs, StoredBlob};

/// Blobs in memory.
#[derive(Clone)]
pub struct MemoryBlobs {
    clock: Arc<dyn Clock>,
    stored: Arc<Mutex<BTreeMap<Digest, Entry>>>,
}

struct Entry {
    bytes: Bytes,
    touched: Timestamp,
}

impl Entry {
    fn age(&self, now: Timestamp) -> Duration {
        now.duration_since(self.touched).try_into().unwrap_or_default()
    }
}

impl MemoryBlobs {
    /// No blobs; those that come age by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, stored: Arc::default() }
    }
}

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn scratch(&self) -> Result<File, BlobError> {
        tempfile::tempfile().map_err(BlobError::of)
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        Ok(Box::new(MemoryWriter { bytes: BytesMut::new(), blobs: self.clone() }))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.stored.lock().get(&blob).map(|entry| entry.bytes.len() as u64))
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        let mut stored = self.stored.lock();
        let Some(entry) = stored.get_mut(&blob) else { return Ok(None) };
        entry.touched = self.clock.now();
        Ok(Some(entry.bytes.len() as u64))
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let stored = self.stored.lock();
        let bytes = stored.get(&blob).map(|entry| entry.bytes.clone()).ok_or(BlobError::NotFound)?;
        let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let part = match range {
            Some(range) => bytes.slice(place(range.start)..place(range.end)),
            None => bytes,
        };
        Ok(stream::iter([Ok(part)]).boxed())
    }
}

#[async_trait]
impl BlobInventory for MemoryBlobs {
    async fn list(&self) -> Result<Vec<StoredBlob>, BlobError> {
        let now = self.clock.now();
        let stored = self.stored.lock();
        let listed = stored.iter().map(|(blob, entry)| {
            let (size, age) = (entry.bytes.len() as u64, entry.age(now));
            StoredBlob { blob: *blob, size, age }
        });
        Ok(listed.collect())
    }

    async fn remove(&self, blob: Digest, age: Duration) -> Result<bool, BlobError> {
        let now = self.clock.now();
        let mut stored = self.stored.lock();
        let old = stored.get(&blob).is_some_and(|entry| entry.age(now) >= age);
        Ok(old && stored.remove(&blob).is_some())
    }

    async fn free(&self) -> Result<Option<u64>, BlobError> {
        Ok(None)
    }
}

struct MemoryWriter {
    bytes: BytesMut,
    blobs: MemoryBlobs,
}

#[async_trait]
impl BlobWriter for MemoryWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), BlobError> {
        let (digest, size) = (Digest::of(&self.bytes), self.bytes.len() as u64);
        let Self { bytes, blobs } = *self;
        let entry = Entry { bytes: bytes.freeze(), touched: blobs.clock.now() };
        blobs.stored.lock().insert(digest, entry);
        Ok((digest, size))
    }
}
