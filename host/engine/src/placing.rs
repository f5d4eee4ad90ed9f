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
use crate::reuse::{Departure, Instead};

/// The exchange of a call that may wait for a node. That it starts is stored before there can be a container.
pub(crate) struct PlacedExchange<'a> {
    exchange: &'a CallExchange,
    lease: &'a RunLease,
    /// What is stored as it starts; none once that is done.
    start: &'a Mutex<Option<Change>>,
    /// Asks whether anybody computes the same; none for what is known by no key.
    departure: Option<&'a Departure<'a>>,
    at_work: Mutex<Option<AtWork<'a>>>,
    unstored: Mutex<Option<StoreError>>,
    instead: Mutex<Option<Instead>>,
}

impl<'a> PlacedExchange<'a> {
    /// Stores `start` under the lease when the call is placed, and departs.
    pub(crate) fn new(
        exchange: &'a CallExchange,
        lease: &'a RunLease,
        start: &'a Mutex<Option<Change>>,
        departure: Option<&'a Departure<'a>>,
    ) -> Self {
        let (at_work, unstored, instead) = Default::default();
        Self { exchange, lease, start, departure, at_work, unstored, instead }
    }

    /// What is done instead of starting it, when it did not start for that.
    pub(crate) fn instead(&self) -> Option<Instead> {
        self.instead.lock().take()
    }

    /// Why its start is not stored, when that was tried in vain.
    pub(crate) fn unstored(&self) -> Option<StoreError> {
        self.unstored.lock().take()
    }
}

impl PlacedExchange<'_> {
    /// Stores the start of the call, unless something is done instead.
    async fn depart(&self, start: Change) -> Result<Option<Instead>, StoreError> {
        if let Some(departure) = self.departure
            && let Some(instead) = departure.begin().await?
        {
            return Ok(Some(instead));
        }
        self.lease.apply(start).await.map(|()| None)
    }
}

#[async_trait]
impl Exchange for PlacedExchange<'_> {
    async fn placed(&self) -> io::Result<()> {
        self.at_work.lock().get_or_insert_with(|| self.lease.active.begin());
        let start = self.start.lock().clone();
        let Some(start) = start else { return Ok(()) };
        match self.depart(start).await {
            Ok(None) => {
                *self.start.lock() = None;
                return Ok(());
            }
            Ok(instead) => *self.instead.lock() = instead,
            Err(error) => *self.unstored.lock() = Some(error),
        }
        Err(io::Error::other("the start of the call is not stored"))
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
