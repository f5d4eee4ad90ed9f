//! The logs of containers at work, as streams in Redis that expire.

mod entry;
mod follower;
mod writer;

use std::sync::Arc;

use futures_util::stream::BoxStream;
use simulay_signals::{LogName, LogPiece, LogRelay};

use crate::RedisServer;
use crate::keys::Keys;
use crate::lane::Lane;
use writer::Writer;

/// Carries the logs of containers at work between the processes that share a Redis server. What Redis has no time or
/// room for is dropped; of each log it keeps the newest pieces, for an hour after the last, a minute after the end.
pub struct RedisLogs {
    writer: Writer,
    keys: Keys,
    /// For those who follow: they do not wait behind what is written.
    reading: Arc<Lane>,
}

impl RedisLogs {
    /// Begins to connect, in the present runtime, for ever; ends when it is dropped.
    #[must_use]
    pub fn start(server: &RedisServer) -> Self {
        Self {
            writer: Writer::start(server.clone()),
            keys: server.keys.clone(),
            reading: Arc::new(Lane::open(server.clone())),
        }
    }
}

impl LogRelay for RedisLogs {
    fn publish(&self, log: LogName, piece: LogPiece) {
        self.writer.publish(log, piece);
    }

    fn end(&self, log: LogName) {
        self.writer.end(log);
    }

    fn follow(&self, log: LogName) -> BoxStream<'static, LogPiece> {
        follower::follow(self.reading.clone(), self.keys.log(log))
    }
}
