//! A connection that is there as often as possible.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::persistent::{Purpose, persist};
use crate::{RedisServer, Unreachable};

/// Between two questions whether Redis is still there.
pub(crate) const PROBING: Duration = Duration::from_secs(2);

type Current = Arc<watch::Sender<State>>;

#[derive(Default)]
enum State {
    #[default]
    Away,
    There(Connection),
    /// It did not do what it should.
    Broken(Unreachable),
}

impl State {
    fn connection(&self) -> Option<Connection> {
        let Self::There(connection) = self else { return None };
        Some(connection.clone())
    }

    const fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// A connection that answered. Clones are the same.
#[derive(Clone)]
pub(crate) struct Connection {
    commands: MultiplexedConnection,
    /// True once a refusal was told.
    refused: Arc<AtomicBool>,
}

impl Connection {
    /// To ask by.
    pub(crate) fn commands(&self) -> MultiplexedConnection {
        self.commands.clone()
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.refused, &other.refused)
    }
}

/// A connection of its own, so that nothing waits behind what something else sends; made anew for ever when it is
/// lost.
pub(crate) struct Lane {
    purpose: &'static str,
    current: Current,
    _keeper: AbortOnDropHandle<()>,
}

impl Lane {
    /// Begins to connect; `purpose` is as operators read it.
    pub(crate) fn open(server: RedisServer, purpose: &'static str) -> Self {
        let current = Current::default();
        let keeper = tokio::spawn(persist(Keeper { server, purpose, current: current.clone() }));
        Self { purpose, current, _keeper: AbortOnDropHandle::new(keeper) }
    }

    /// The connection, when there is one.
    pub(crate) fn now(&self) -> Option<Connection> {
        self.current.borrow().connection()
    }

    /// The connection, once there is one.
    pub(crate) async fn connected(&self) -> Connection {
        let mut current = self.current.subscribe();
        loop {
            let connection = current.borrow_and_update().connection();
            if let Some(connection) = connection {
                return connection;
            }
            // Its other half is ours: it is not closed.
            let _ = current.changed().await;
        }
    }

    /// Has another made when it was the connection that failed. A refusal is told once of each.
    pub(crate) fn failed(&self, connection: &Connection, error: RedisError) {
        if error.is_unrecoverable_error() || error.is_timeout() {
            self.broken(connection, error.into());
        } else if !connection.refused.swap(true, Ordering::Relaxed) {
            tracing::warn!(purpose = self.purpose, %error, "Redis refuses what it is asked");
        }
    }

    /// Has another connection made, unless that was done by now.
    pub(crate) fn broken(&self, connection: &Connection, why: Unreachable) {
        self.current.send_if_modified(|current| {
            let present = matches!(current, State::There(present) if present.is(connection));
            if present {
                *current = State::Broken(why);
            }
            present
        });
    }
}

/// Keeps a connection.
struct Keeper {
    server: RedisServer,
    purpose: &'static str,
    current: Current,
}

impl Keeper {
    /// Returns once the connection is said to be broken.
    async fn broken(&self) -> Unreachable {
        // Its other half is ours: it is not closed.
        let _ = self.current.subscribe().wait_for(State::is_broken).await;
        match self.current.send_replace(State::Away) {
            State::Broken(why) => why,
            State::Away | State::There(_) => Unreachable::Silent,
        }
    }
}

impl Purpose for Keeper {
    type Connection = MultiplexedConnection;

    fn name(&self) -> &'static str {
        self.purpose
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Unreachable> {
        let mut connection = self.server.connect().await?;
        ping(&mut connection).await?;
        Ok(connection)
    }

    async fn serve(&self, connection: MultiplexedConnection) -> Unreachable {
        let there = Connection { commands: connection.clone(), refused: Arc::default() };
        self.current.send_replace(State::There(there));
        let lost = tokio::select! {
            lost = silence(connection) => lost,
            lost = self.broken() => lost,
        };
        self.current.send_replace(State::Away);
        lost
    }
}

/// Asks whether it is there until it is not.
async fn silence(mut connection: MultiplexedConnection) -> Unreachable {
    loop {
        tokio::time::sleep(PROBING).await;
        if let Err(lost) = ping(&mut connection).await {
            return lost;
        }
    }
}

async fn ping(connection: &mut MultiplexedConnection) -> Result<(), Unreachable> {
    Ok(redis::cmd("PING").exec_async(connection).await?)
}
