//! Tells Redis what a container says. Only as much as Redis says that it knows is taken as told: what is lost on the
//! way, or by Redis, is told again.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use redis::Script;
use simulay_signals::LogSource;
use tokio::time::timeout;

use super::way::Way;
use crate::backoff::Backoff;

/// Bytes of a log that are told; what lies behind is read from what is kept in the end.
const MOST: u64 = 16 << 20;
/// Seconds for which Redis keeps a log that nobody tells any more.
const KEPT: u64 = 60;
/// Between two looks at least whether Redis still has a log.
const LOOKING: Duration = Duration::from_secs(10);
/// Small parts are put together for so long.
const GATHERING: Duration = Duration::from_millis(100);
/// A part of so many bytes is not small.
const LARGE: usize = 16 << 10;

static APPEND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("../append.lua")));

/// Tells one log.
pub(super) struct Teller {
    way: Arc<Way>,
    key: String,
    source: Arc<dyn LogSource>,
    /// Bytes that Redis has.
    told: u64,
    backoff: Backoff,
}

impl Teller {
    pub(super) fn new(way: Arc<Way>, key: String, source: Arc<dyn LogSource>) -> Self {
        Self { way, key, source, told: 0, backoff: Backoff::new() }
    }

    /// Tells the log until it has ended.
    pub(super) async fn tell(mut self) {
        let source = self.source.clone();
        tokio::select! {
            () = source.ended() => {}
            () = self.tell_on() => {}
        }
    }

    async fn tell_on(&mut self) {
        loop {
            let part = self.more().await;
            match self.append(&part).await {
                Some(known) => self.told = known,
                None => self.backoff.pause().await,
            }
            if part.len() < LARGE {
                tokio::time::sleep(GATHERING).await;
            }
        }
    }

    /// What is said next; nothing when it is time to look.
    async fn more(&self) -> Bytes {
        let Some(room) = MOST.checked_sub(self.told).filter(|room| *room > 0) else {
            tokio::time::sleep(LOOKING).await;
            return Bytes::new();
        };
        let mut part = timeout(LOOKING, self.source.after(self.told)).await.unwrap_or_default();
        part.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        part
    }

    /// How many bytes Redis has then.
    async fn append(&self, part: &[u8]) -> Option<u64> {
        let mut append = APPEND.key(&self.key);
        append.arg(self.told).arg(part).arg(KEPT);
        self.way.ask(|mut connection| async move { append.invoke_async(&mut connection).await }).await
    }
}
