//! An exchange that counts what is handed back.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use parking_lot::{Mutex, MutexGuard};
use simulay_model::{Digest, RelativePath};

use crate::{Exchange, OutputSink, Stream};

type Files = Arc<Mutex<Vec<(String, u64)>>>;

/// Keeps nothing but names and sizes; it has no artifact to give.
#[derive(Default)]
pub struct Ledger {
    stream_bytes: Mutex<u64>,
    files: Files,
}

impl Ledger {
    /// Bytes of both streams together.
    #[must_use]
    pub fn stream_bytes(&self) -> u64 {
        *lock(&self.stream_bytes)
    }

    /// Finished outputs and their sizes, in order.
    #[must_use]
    pub fn files(&self) -> Vec<(String, u64)> {
        lock(&self.files).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

#[async_trait]
impl Exchange for Ledger {
    async fn open(&self, _: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        Err(io::ErrorKind::NotFound.into())
    }

    async fn stream(&self, _: Stream, _: u64, bytes: Bytes) -> io::Result<()> {
        *lock(&self.stream_bytes) += bytes.len() as u64;
        Ok(())
    }

    async fn output(&self, path: RelativePath, size: u64) -> io::Result<Box<dyn OutputSink>> {
        Ok(Box::new(Sink { path: path.to_string(), size, taken: 0, files: self.files.clone() }))
    }
}

struct Sink {
    path: String,
    size: u64,
    taken: u64,
    files: Files,
}

#[async_trait]
impl OutputSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.taken += bytes.len() as u64;
        Ok(())
    }

    /// Panics when the output has another size than was said.
    async fn finish(self: Box<Self>) -> io::Result<()> {
        assert_eq!(self.taken, self.size);
        lock(&self.files).push((self.path, self.size));
        Ok(())
    }
}
