//! A connection that is there as often as possible.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::persistent::{Purpose, persist};
use crate::{RedisServer, Unreachable};

/// Between two questions whether Redis is still there.
pub(crate) const PROBING: Duration = Duration::from_secs(2);

type Current = Arc<watch::Sender<Option<MultiplexedConnection>>>;

/// A connection of its own, so that nothing waits behind what something else sends; made anew for ever when it is
/// lost.
pub(crate) struct Lane {
    current: Current,
    _keeper: AbortOnDropHandle<()>,
}

impl Lane {
    /// Begins to connect.
    pub(crate) fn open(server: RedisServer) -> Self {
        let current = Current::default();
        let keeper = tokio::spawn(persist(Keeper { server, current: current.clone() }));
        Self { current, _keeper: AbortOnDropHandle::new(keeper) }
    }

    /// The connection, when there is one.
    pub(crate) fn now(&self) -> Option<MultiplexedConnection> {
        self.current.borrow().clone()
    }

    /// The connection, once there is one.
    pub(crate) async fn connected(&self) -> MultiplexedConnection {
        let mut current = self.current.subscribe();
        loop {
            let connection = current.borrow_and_update().clone();
            if let Some(connection) = connection {
                return connection;
            }
            // Its other half is ours: it is not closed.
            let _ = current.changed().await;
        }
    }

    /// Has another connection made: this one did not do what it should.
    pub(crate) fn broken(&self) {
        self.current.send_replace(None);
    }
}

/// Keeps a connection.
struct Keeper {
    server: RedisServer,
    current: Current,
}

impl Purpose for Keeper {
    type Connection = MultiplexedConnection;
    const NAME: &'static str = "commands";

    async fn connect(&self) -> Result<MultiplexedConnection, Unreachable> {
        self.server.connect().await
    }

    async fn serve(&self, connection: MultiplexedConnection) -> Unreachable {
        self.current.send_replace(Some(connection.clone()));
        let mut watched = self.current.subscribe();
        let lost = tokio::select! {
            lost = silence(connection) => lost,
            _ = watched.wait_for(Option::is_none) => Unreachable::Silent,
        };
        self.current.send_replace(None);
        lost
    }
}

/// Asks whether it is there until it is not.
async fn silence(mut connection: MultiplexedConnection) -> Unreachable {
    loop {
        if let Err(error) = redis::cmd("PING").exec_async(&mut connection).await {
            return error.into();
        }
        tokio::time::sleep(PROBING).await;
    }
}
