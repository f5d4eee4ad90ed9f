//! Gives artifacts to the process that carries out a call, no faster than it takes them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use simulay_containers::Exchange;
use simulay_model::Digest;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::inbound::{Broken, Requests};
use crate::parts::{WINDOW, pieces};
use crate::proto::run_request::Message;
use crate::proto::{ArtifactOpen, ArtifactOpened, Failure, NumberedFailure, NumberedPart, Part};

/// Artifacts that are given at once, at most.
const MOST: usize = 64;

/// An artifact on its way there.
#[derive(Clone)]
pub(super) struct Giving {
    id: u32,
    digest: Digest,
    /// Parts that may be sent.
    credit: Arc<Semaphore>,
    closed: CancellationToken,
}

/// The artifacts that are being given.
pub(super) struct Artifacts<'a> {
    exchange: &'a dyn Exchange,
    requests: Requests,
    orders: mpsc::UnboundedSender<Giving>,
    giving: Mutex<HashMap<u32, Giving>>,
}

impl<'a> Artifacts<'a> {
    /// Artifacts of `exchange`, and what of them is asked for, to be given to [`Self::give`].
    pub(super) fn new(
        exchange: &'a dyn Exchange,
        requests: Requests,
    ) -> (Self, mpsc::UnboundedReceiver<Giving>) {
        let (orders, ordered) = mpsc::unbounded_channel();
        (Self { exchange, requests, orders, giving: Mutex::default() }, ordered)
    }

    /// An artifact is asked for.
    pub(super) fn open(&self, ArtifactOpen { id, digest }: &ArtifactOpen) -> Result<(), Broken> {
        let digest = digest.parse().map_err(|_| Broken::nonsense("it asks for what is no artifact"))?;
        let (credit, closed) = (Arc::new(Semaphore::new(WINDOW)), CancellationToken::new());
        let giving = Giving { id: *id, digest, credit, closed };
        let mut all = self.giving.lock();
        if all.len() >= MOST || all.insert(*id, giving.clone()).is_some() {
            return Err(Broken::nonsense("it asks for too many artifacts at once"));
        }
        // Whoever takes orders lives as long as the attachment.
        let _ = self.orders.send(giving);
        Ok(())
    }

    /// One more part of an artifact may be sent.
    pub(super) fn more(&self, id: u32) {
        if let Some(giving) = self.giving.lock().get(&id) {
            giving.credit.add_permits(usize::from(giving.credit.available_permits() < WINDOW));
        }
    }

    /// An artifact is not needed any more.
    pub(super) fn close(&self, id: u32) {
        if let Some(giving) = self.giving.lock().get(&id) {
            giving.closed.cancel();
        }
    }

    /// Gives what is asked for, side by side.
    pub(super) async fn give(&self, mut ordered: mpsc::UnboundedReceiver<Giving>) -> Infallible {
        let mut at_work = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(giving) = ordered.recv() => at_work.push(self.give_one(giving)),
                Some(id) = at_work.next() => drop(self.giving.lock().remove(&id)),
                else => std::future::pending().await,
            }
        }
    }

    async fn give_one(&self, giving: Giving) -> u32 {
        let Giving { id, .. } = giving;
        if let Some(Err(error)) = giving.closed.run_until_cancelled(self.send(&giving)).await {
            let failure = Some(Failure::from(&error));
            self.requests.send(Message::Unreadable(NumberedFailure { id, failure })).await;
        }
        id
    }

    async fn send(&self, giving: &Giving) -> io::Result<()> {
        let (size, mut content) = self.exchange.open(giving.digest).await?;
        self.requests.send(Message::Opened(ArtifactOpened { id: giving.id, size })).await;
        while let Some(bytes) = content.next().await {
            for piece in pieces(bytes?) {
                self.send_part(giving, piece, false).await?;
            }
        }
        self.send_part(giving, Bytes::new(), true).await
    }

    async fn send_part(&self, giving: &Giving, bytes: Bytes, last: bool) -> io::Result<()> {
        giving.credit.acquire().await.map_err(io::Error::other)?.forget();
        let part = Some(Part { bytes, last });
        self.requests.send(Message::Artifact(NumberedPart { id: giving.id, part })).await;
        Ok(())
    }
}
