//! How parts of logs come to Redis and from there.

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::sync::Semaphore;

use crate::RedisServer;
use crate::lane::Lane;

/// Parts on their way at once, of 64 KiB at most: no log waits behind much of others.
const AT_ONCE: usize = 16;

/// A connection over which parts of logs go, a few at once.
pub(super) struct Way {
    lane: Lane,
    turns: Semaphore,
}

impl Way {
    /// Begins to connect, for `purpose`.
    pub(super) fn open(server: RedisServer, purpose: &'static str) -> Self {
        Self { lane: Lane::open(server, purpose), turns: Semaphore::new(AT_ONCE) }
    }

    /// What Redis answers, once it is there; nothing when it does not.
    pub(super) async fn ask<T, F>(&self, ask: impl FnOnce(MultiplexedConnection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let _turn = self.turns.acquire().await;
        let connection = self.lane.connected().await;
        let answered = ask(connection.commands()).await;
        answered.map_err(|error| self.lane.failed(&connection, error)).ok()
    }
}
