//! The streams of containers at work, for those who watch. Bounded by the policy's stream limit;
//! what was missed across a restart is told again by `simulay-init`.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use parking_lot::Mutex;
use simulay_model::{ContainerName, RunId};
use simulay_signals::{LogName, LogPiece, LogRelay, StreamName};
use tokio::sync::watch;

use crate::EngineError;

/// A stream of a call from its start; goes on until the call ends when that has not happened yet.
pub type LogStream = BoxStream<'static, Result<Bytes, EngineError>>;

type Key = (RunId, u32, u32, StreamName);

/// Streams of the containers at work.
#[derive(Clone, Default)]
pub(crate) struct LiveLogs {
    logs: Arc<Mutex<HashMap<Key, Arc<LiveLog>>>>,
    /// Tells other processes, where there are some.
    relay: Option<Arc<dyn LogRelay>>,
}

impl LiveLogs {
    pub(crate) fn relayed_by(relay: Option<Arc<dyn LogRelay>>) -> Self {
        Self { logs: Arc::default(), relay }
    }

    /// The log of a stream, made when there is none.
    pub(crate) fn open(&self, container: ContainerName, stream: StreamName) -> Arc<LiveLog> {
        let ContainerName { run, step, call, .. } = container;
        let name = LogName { container, stream };
        let relayed = || self.relay.clone().map(|relay| Relayed { relay, name });
        let log = || Arc::new(LiveLog { relayed: relayed(), ..LiveLog::default() });
        self.logs.lock().entry((run, step, call, stream)).or_insert_with(log).clone()
    }

    /// The log of a stream at work.
    pub(crate) fn get(&self, run: RunId, step: u32, call: u32, stream: StreamName) -> Option<Arc<LiveLog>> {
        self.logs.lock().get(&(run, step, call, stream)).cloned()
    }

    /// Ends both logs of a call; from now on its artifacts tell.
    pub(crate) fn close(&self, run: RunId, step: u32, call: u32) {
        for stream in [StreamName::Stdout, StreamName::Stderr] {
            if let Some(log) = self.logs.lock().remove(&(run, step, call, stream)) {
                log.end();
            }
        }
    }
}

/// Bytes of a piece of a log. Those who follow share pieces that are whole.
const PIECE: usize = 64 << 10;

/// One stream while it grows.
#[derive(Default)]
pub(crate) struct LiveLog {
    bytes: Mutex<Pieces>,
    progress: watch::Sender<Progress>,
    relayed: Option<Relayed>,
}

/// By whom other processes are told, and of what.
struct Relayed {
    relay: Arc<dyn LogRelay>,
    name: LogName,
}

#[derive(Clone, Default)]
struct Progress {
    length: usize,
    /// The last bytes, once there are no more.
    ended: Option<Bytes>,
}

impl LiveLog {
    /// Takes bytes told at `offset`. What lies behind it came from a lost attachment and comes again.
    pub(crate) fn write(&self, offset: u64, new: impl Into<Bytes>) {
        let new = new.into();
        let mut bytes = self.bytes.lock();
        bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        bytes.extend(&new);
        if let Some(Relayed { relay, name }) = &self.relayed {
            relay.publish(*name, LogPiece { offset, bytes: new });
        }
        // Readers never go back: what is told again is the same.
        self.progress.send_modify(|progress| progress.length = progress.length.max(bytes.length()));
    }

    /// All bytes so far.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.bytes.lock().all()
    }

    fn end(&self) {
        let bytes = self.bytes.lock();
        let ended = Some(bytes.last());
        self.progress.send_replace(Progress { length: bytes.length(), ended });
        if let Some(Relayed { relay, name }) = &self.relayed {
            relay.end(*name);
        }
    }

    /// The stream from its start to its end. Whoever is far behind when it ends has the rest from `kept`,
    /// which is told where to begin: no reader holds a log that is over.
    pub(crate) fn follow<F>(self: &Arc<Self>, kept: impl FnOnce(usize) -> F + Send + 'static) -> LogStream
    where
        F: Future<Output = Result<LogStream, EngineError>> + Send + 'static,
    {
        let behind = Arc::new(OnceLock::new());
        let reader = Reader { log: Arc::downgrade(self), progress: self.progress.subscribe(), position: 0 };
        let live = stream::unfold((reader, behind.clone()), |(mut reader, behind)| async move {
            match reader.next().await? {
                Next::Bytes(bytes) => Some((Ok(bytes), (reader, behind))),
                Next::Behind => {
                    // Nobody else sets it.
                    let _ = behind.set(reader.position);
                    None
                }
            }
        });
        let rest = stream::once(async move {
            match behind.get() {
                Some(position) => kept(*position).await,
                None => Ok(stream::empty().boxed()),
            }
        });
        live.chain(rest.try_flatten()).boxed()
    }
}

/// Where someone reads. Holds nothing of the log while its client takes its time.
struct Reader {
    log: Weak<LiveLog>,
    progress: watch::Receiver<Progress>,
    position: usize,
}

enum Next {
    Bytes(Bytes),
    /// The log is over, and was too far ahead.
    Behind,
}

impl Reader {
    /// Waits for more; `None` at the end.
    async fn next(&mut self) -> Option<Next> {
        loop {
            let position = self.position;
            let now = self.progress.wait_for(|now| now.ended.is_some() || now.length > position).await;
            let Progress { length, ended } = now.ok()?.clone();
            if let Some(last) = ended {
                return self.last(length, &last);
            }
            let bytes = self.log.upgrade().map(|log| log.bytes.lock().after(position));
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                self.position += bytes.len();
                return Some(Next::Bytes(bytes));
            }
            // What was read is being told again: there is more once something is written.
            self.progress.changed().await.ok()?;
        }
    }

    fn last(&mut self, length: usize, last: &Bytes) -> Option<Next> {
        if self.position >= length {
            return None;
        }
        let Some(skipped) = self.position.checked_sub(length - last.len()) else { return Some(Next::Behind) };
        self.position = length;
        Some(Next::Bytes(last.slice(skipped..)))
    }
}

/// The bytes of a log: whole pieces, and the one that grows.
#[derive(Default)]
struct Pieces {
    whole: Vec<Bytes>,
    growing: Vec<u8>,
}

impl Pieces {
    const fn length(&self) -> usize {
        self.whole.len() * PIECE + self.growing.len()
    }

    fn truncate(&mut self, length: usize) {
        let (piece, rest) = (length / PIECE, length % PIECE);
        if let Some(cut) = self.whole.get(piece) {
            self.growing = cut.to_vec();
        }
        if piece <= self.whole.len() {
            self.whole.truncate(piece);
            self.growing.truncate(rest);
        }
    }

    fn extend(&mut self, mut new: &[u8]) {
        while let Some((taken, rest)) = new.split_at_checked(PIECE - self.growing.len()) {
            self.growing.extend_from_slice(taken);
            self.whole.push(std::mem::take(&mut self.growing).into());
            new = rest;
        }
        self.growing.extend_from_slice(new);
    }

    /// Bytes from `position` on, at most to the end of a piece.
    fn after(&self, position: usize) -> Bytes {
        let (piece, skipped) = (position / PIECE, position % PIECE);
        match self.whole.get(piece) {
            Some(whole) => whole.slice(skipped..),
            None if piece == self.whole.len() => {
                Bytes::copy_from_slice(self.growing.get(skipped..).unwrap_or_default())
            }
            None => Bytes::new(),
        }
    }

    /// The last bytes, at most a piece.
    fn last(&self) -> Bytes {
        let mut last = self.whole.last().map(|piece| piece.to_vec()).unwrap_or_default();
        last.extend_from_slice(&self.growing);
        last.split_off(last.len().saturating_sub(PIECE)).into()
    }

    fn all(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.length());
        self.whole.iter().for_each(|piece| all.extend_from_slice(piece));
        all.extend_from_slice(&self.growing);
        all
    }
}

#[cfg(test)]
mod tests {
    use simulay_store::StoreError;

    use super::*;

    /// A reader who has nothing but the log itself.
    fn follow(log: &Arc<LiveLog>) -> LogStream {
        log.follow(|_| std::future::ready(Err(StoreError::NotFound.into())))
    }

    #[tokio::test]
    async fn a_reader_sees_everything_once_across_a_retelling() {
        let log = Arc::new(LiveLog::default());
        let reader = follow(&log).map(|piece| piece.unwrap().to_vec());
        let reader = tokio::spawn(reader.concat());
        log.write(0, "one ");
        tokio::task::yield_now().await;
        log.write(0, "one ");
        log.write(4, "two");
        log.end();
        let all: Vec<u8> = reader.await.unwrap();
        assert_eq!(all, b"one two");
    }

    #[tokio::test]
    async fn who_follows_shares_what_is_whole() {
        let log = Arc::new(LiveLog::default());
        let told: Vec<u8> = (0..=250).cycle().take(3 * PIECE + 7).collect();
        log.write(0, told.clone());
        let (mut one, mut other) = (follow(&log), follow(&log));
        let mut read = Vec::new();
        while read.len() < told.len() {
            let (first, second) = (one.next().await.unwrap().unwrap(), other.next().await.unwrap().unwrap());
            assert!(first.len() <= PIECE);
            assert_eq!(first.as_ptr() == second.as_ptr(), first.len() == PIECE);
            read.extend_from_slice(&first);
        }
        assert_eq!(read, told);
        assert_eq!(log.snapshot(), told);
    }

    #[tokio::test]
    async fn who_is_behind_at_the_end_holds_nothing_and_reads_on_elsewhere() {
        let log = Arc::new(LiveLog::default());
        let told: Vec<u8> = (0..=250).cycle().take(3 * PIECE).collect();
        log.write(0, told.clone());
        let rest = told.clone();
        let mut behind = log.follow(move |from| async move {
            let piece = Ok(rest.get(from..).unwrap_or_default().to_vec().into());
            Ok(stream::once(std::future::ready(piece)).boxed())
        });
        let mut near = follow(&log);
        let mut lost = follow(&log);
        let first = behind.next().await.unwrap().unwrap();
        for _ in 0..2 {
            near.next().await.unwrap().unwrap();
        }
        log.end();
        let held = Arc::downgrade(&log);
        drop(log);
        assert!(held.upgrade().is_none());
        let rest: Vec<Bytes> = behind.try_collect().await.unwrap();
        assert_eq!([&first[..], &rest.concat()].concat(), told);
        assert_eq!(near.next().await.unwrap().unwrap(), told[2 * PIECE..]);
        assert!(near.next().await.is_none());
        assert!(matches!(lost.next().await, Some(Err(EngineError::Records(StoreError::NotFound)))));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_ahead_of_a_retelling_waits_and_does_not_spin() {
        let log = Arc::new(LiveLog::default());
        log.write(0, "one two");
        let mut reader = follow(&log);
        assert_eq!(reader.next().await.unwrap().unwrap(), "one two");
        log.write(0, "one");
        // Time only passes once nobody has anything to do.
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(1), reader.next()).await;
        assert!(waiting.is_err());
        log.write(3, " two ");
        assert_eq!(reader.next().await.unwrap().unwrap(), " ");
    }

    #[test]
    fn bytes_are_cut_anywhere() {
        let all = 2 * PIECE + 5;
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, all, 9 * PIECE] {
            let mut pieces = Pieces::default();
            pieces.extend(&vec![1; all]);
            pieces.truncate(length);
            assert_eq!((pieces.length(), pieces.all().len()), (length.min(all), length.min(all)));
            pieces.extend(b"xyz");
            assert!(pieces.all().ends_with(b"xyz") && pieces.last().ends_with(b"xyz"));
        }
    }
}
