//! The logs of containers at work, as strings in Redis that expire.

mod follower;
mod teller;
mod way;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use simulay_signals::{LogName, LogRelay, LogSource};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::RedisServer;
use crate::keys::Keys;
use follower::Follower;
use teller::Teller;
use way::Way;

/// The longest that a question may take whose answer is wanted at once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Carries the logs of containers at work between the processes that share a Redis server. What Redis lost is told
/// again from the source, which has all; of each log it keeps the first 16 MiB, until a minute after the end.
pub struct RedisLogs {
    keys: Keys,
    writing: Arc<Way>,
    /// For those who follow: they do not wait behind what is written.
    reading: Arc<Way>,
    stop: CancellationToken,
}

impl RedisLogs {
    /// Begins to connect, in the present runtime, for ever; ends when it is dropped.
    #[must_use]
    pub fn start(server: &RedisServer) -> Self {
        Self {
            keys: server.keys.clone(),
            writing: Arc::new(Way::open(server.clone(), "telling logs")),
            reading: Arc::new(Way::open(server.clone(), "logs of other processes")),
            stop: CancellationToken::new(),
        }
    }
}

#[async_trait]
impl LogRelay for RedisLogs {
    fn tell(&self, log: LogName, source: Arc<dyn LogSource>) {
        let teller = Teller::new(self.writing.clone(), self.keys.log(log), source);
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(teller.tell()));
    }

    fn follow(&self, log: LogName, from: u64) -> BoxStream<'static, Bytes> {
        Follower::new(self.reading.clone(), self.keys.log(log), from).stream()
    }

    async fn told(&self, log: LogName) -> u64 {
        let mut length = redis::cmd("STRLEN");
        length.arg(self.keys.log(log));
        let asked =
            self.reading.ask(|mut connection| async move { length.query_async(&mut connection).await });
        timeout(AT_ONCE, asked).await.ok().flatten().unwrap_or(0)
    }
}

impl Drop for RedisLogs {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
