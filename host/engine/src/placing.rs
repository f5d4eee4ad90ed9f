//! When the work on a call begins: once a node has taken it. While it waits for one it has not started, and its time
//! does not count.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use simulay_containers::{Exchange, OutputSink, Stream};
use simulay_model::{Change, Digest, RelativePath};
use simulay_store::StoreError;

use crate::active_time::AtWork;
use crate::exchange::CallExchange;
use crate::lease::RunLease;

/// The exchange of a call that may wait for a node. That it starts is stored before there can be a container.
pub(crate) struct PlacedExchange<'a> {
    exchange: &'a CallExchange,
    lease: &'a RunLease,
    /// What is stored as it starts; none once that is done.
    start: &'a Mutex<Option<Change>>,
    at_work: Mutex<Option<AtWork<'a>>>,
    unstored: Mutex<Option<StoreError>>,
}

impl<'a> PlacedExchange<'a> {
    /// Stores `start` under the lease when the call is placed.
    pub(crate) fn new(
        exchange: &'a CallExchange,
        lease: &'a RunLease,
        start: &'a Mutex<Option<Change>>,
    ) -> Self {
        Self { exchange, lease, start, at_work: Mutex::default(), unstored: Mutex::default() }
    }

    /// Why its start is not stored, when that was tried in vain.
    pub(crate) fn unstored(&self) -> Option<StoreError> {
        self.unstored.lock().take()
    }
}

#[async_trait]
impl Exchange for PlacedExchange<'_> {
    async fn placed(&self) -> io::Result<()> {
        self.at_work.lock().get_or_insert_with(|| self.lease.active.begin());
        let start = self.start.lock().clone();
        let Some(start) = start else { return Ok(()) };
        if let Err(error) = self.lease.apply(start).await {
            *self.unstored.lock() = Some(error);
            return Err(io::Error::other("the start of the call is not stored"));
        }
        *self.start.lock() = None;
        Ok(())
    }

    fn unplaced(&self) {
        // That it started stays: the next place is for the same attempt.
        *self.at_work.lock() = None;
    }

    async fn open(&self, artifact: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        self.exchange.open(artifact).await
    }

    async fn stream(&self, stream: Stream, offset: u64, bytes: Bytes) -> io::Result<()> {
        self.exchange.stream(stream, offset, bytes).await
    }

    async fn output(&self, path: RelativePath, size: u64) -> io::Result<Box<dyn OutputSink>> {
        self.exchange.output(path, size).await
    }
}
