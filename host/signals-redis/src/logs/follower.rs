//! Reads the log of a container at work. It asks again and again instead of having Redis block: that would take a
//! connection for each log.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::way::Way;
use crate::backoff::Backoff;

/// Bytes asked for at once.
const AT_ONCE: u64 = 64 << 10;
/// Until it is asked again, when there was something, and when there was nothing for long.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(500);

/// Reads one log.
pub(super) struct Follower {
    way: Arc<Way>,
    key: String,
    position: u64,
    pause: Duration,
    backoff: Backoff,
}

impl Follower {
    /// Reads from byte `position` on.
    pub(super) fn new(way: Arc<Way>, key: String, position: u64) -> Self {
        Self { way, key, position, pause: SHORTEST, backoff: Backoff::new() }
    }

    /// What is told, for as long as somebody listens.
    pub(super) fn stream(self) -> BoxStream<'static, Bytes> {
        stream::unfold(self, |mut follower| async move { Some((follower.next().await, follower)) }).boxed()
    }

    /// The next bytes. Of a log that Redis lost there are some once it was told again.
    async fn next(&mut self) -> Bytes {
        loop {
            match self.read().await {
                None => self.backoff.pause().await,
                Some(bytes) if bytes.is_empty() => {
                    tokio::time::sleep(self.pause).await;
                    self.pause = (2 * self.pause).min(LONGEST);
                }
                Some(bytes) => {
                    self.pause = SHORTEST;
                    self.position += bytes.len() as u64;
                    return bytes;
                }
            }
        }
    }

    async fn read(&self) -> Option<Bytes> {
        let mut range = redis::cmd("GETRANGE");
        range.arg(&self.key).arg(self.position).arg(self.position.saturating_add(AT_ONCE - 1));
        self.way.ask(|mut connection| async move { range.query_async(&mut connection).await }).await
    }
}
