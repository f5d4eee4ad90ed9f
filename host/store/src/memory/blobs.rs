//! Immutable bytes.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use simulay_model::Digest;
use uuid::Uuid;

use super::{MemoryStore, State};
use crate::{BlobStream, BlobWriter, Blobs, StoreError};

#[async_trait]
impl Blobs for MemoryStore {
    async fn scratch(&self) -> Result<File, StoreError> {
        nameless().map_err(|error| StoreError::of_disk(&error))
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        Ok(Box::new(Blob { bytes: BytesMut::new(), state: self.state.clone() }))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, StoreError> {
        Ok(self.state().blobs.get(&blob).map(|bytes| bytes.len() as u64))
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, StoreError> {
        let bytes = self.state().blobs.get(&blob).cloned().ok_or(StoreError::NotFound)?;
        let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let part = match range {
            Some(range) => bytes.slice(place(range.start)..place(range.end)),
            None => bytes,
        };
        Ok(stream::iter([Ok(part)]).boxed())
    }
}

/// A file whose name is gone as soon as it is open.
fn nameless() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("simulay-{}", Uuid::now_v7()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path).map(|()| file)
}

struct Blob {
    bytes: BytesMut,
    state: Arc<Mutex<State>>,
}

#[async_trait]
impl BlobWriter for Blob {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), StoreError> {
        let (digest, size) = (Digest::of(&self.bytes), self.bytes.len() as u64);
        self.state.lock().blobs.insert(digest, self.bytes.freeze());
        Ok((digest, size))
    }
}
