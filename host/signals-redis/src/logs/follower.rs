//! Reads the log of a container at work. It asks again and again instead of having Redis block: that would take a
//! connection for each log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use redis::RedisResult;
use simulay_signals::LogPiece;
use tokio::time::timeout;

use super::entry::{Entry, Told};
use crate::lane::Lane;
use crate::server::ANSWERING;

/// Entries asked for at once.
const AT_ONCE: usize = 64;
/// Until it is asked again, when there was something, and when there was nothing for long.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(500);

/// The log with the key `key`, until its end or until Redis does not tell it.
pub(super) fn follow(lane: Arc<Lane>, key: String) -> BoxStream<'static, LogPiece> {
    let follower = Follower { lane, key, last: "0-0".to_owned(), told: VecDeque::new(), pause: SHORTEST };
    stream::unfold(follower, |mut follower| async move { Some((follower.next().await?, follower)) }).boxed()
}

struct Follower {
    lane: Arc<Lane>,
    key: String,
    /// The id of the newest entry that was told.
    last: String,
    told: VecDeque<Entry>,
    pause: Duration,
}

impl Follower {
    /// The next piece; nothing when no more can be told.
    async fn next(&mut self) -> Option<LogPiece> {
        loop {
            match self.told.pop_front() {
                Some(Entry::Piece(piece)) => return Some(piece),
                Some(Entry::End) => return None,
                None => self.ask().await?,
            }
        }
    }

    /// Asks for more, and waits when there is none; nothing when Redis does not tell.
    async fn ask(&mut self) -> Option<()> {
        let entries = self.read().await?;
        match entries.last() {
            Some((last, _)) => (self.last, self.pause) = (last.clone(), SHORTEST),
            None => {
                tokio::time::sleep(self.pause).await;
                self.pause = (2 * self.pause).min(LONGEST);
            }
        }
        // What is no entry of ours is a gap at most.
        self.told.extend(entries.iter().filter_map(|(_, fields)| Entry::of(fields)));
        Some(())
    }

    /// Some entries; asked for again when the connection was lost, for as long as one is made in time.
    async fn read(&self) -> Option<Vec<Told>> {
        loop {
            let mut connection = timeout(ANSWERING, self.lane.connected()).await.ok()?;
            let read = Entry::read(&self.key, &self.last, AT_ONCE);
            let entries: RedisResult<Vec<Told>> = read.query_async(&mut connection).await;
            match entries {
                Err(error) if error.is_unrecoverable_error() => self.lane.broken(),
                answered => return answered.ok(),
            }
        }
    }
}
