//! The streams of containers at work, for those who watch. Bounded by the policy's stream limit;
//! what was missed across a restart is told again by `simulay-init`.

mod pieces;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use parking_lot::Mutex;
use simulay_model::ContainerName;
use simulay_signals::{LogName, LogRelay, LogSource, StreamName};
use tokio::sync::watch;

use self::pieces::Pieces;
use crate::EngineError;

/// A stream of a call; goes on until the call ends when that has not happened yet.
pub type LogStream = BoxStream<'static, Result<Bytes, EngineError>>;

type Logs = Arc<Mutex<HashMap<LogName, Arc<LiveLog>>>>;

/// Streams of the containers at work.
#[derive(Clone, Default)]
pub(crate) struct LiveLogs {
    logs: Logs,
    /// Tells other processes, where there are some.
    relay: Option<Arc<dyn LogRelay>>,
}

impl LiveLogs {
    pub(crate) fn relayed_by(relay: Option<Arc<dyn LogRelay>>) -> Self {
        Self { logs: Arc::default(), relay }
    }

    /// New logs of an attempt that begins, or that is taken up: it tells all from its start.
    pub(crate) fn open(&self, container: ContainerName) -> AttemptLogs {
        let [stdout, stderr] = both(container).map(|name| self.open_one(name));
        AttemptLogs { logs: self.logs.clone(), container, stdout, stderr }
    }

    fn open_one(&self, name: LogName) -> Arc<LiveLog> {
        let log = Arc::<LiveLog>::default();
        if let Some(relay) = &self.relay {
            relay.tell(name, Arc::new(log.reader(0)));
        }
        self.logs.lock().insert(name, log.clone());
        log
    }

    /// The log of a stream at work.
    pub(crate) fn get(&self, name: LogName) -> Option<Arc<LiveLog>> {
        self.logs.lock().get(&name).cloned()
    }
}

fn both(container: ContainerName) -> [LogName; 2] {
    [StreamName::Stdout, StreamName::Stderr].map(|stream| LogName { container, stream })
}

/// Both logs of an attempt, for as long as this process works on it.
pub(crate) struct AttemptLogs {
    logs: Logs,
    container: ContainerName,
    pub(crate) stdout: Arc<LiveLog>,
    pub(crate) stderr: Arc<LiveLog>,
}

impl AttemptLogs {
    /// Ends both; from now on the artifacts of the call tell.
    pub(crate) fn close(self) {
        self.stdout.end();
        self.stderr.end();
    }
}

impl Drop for AttemptLogs {
    /// Whoever takes the attempt up is told all anew.
    fn drop(&mut self) {
        let mut logs = self.logs.lock();
        for name in both(self.container) {
            logs.remove(&name);
        }
    }
}

/// One stream while it grows.
#[derive(Default)]
pub(crate) struct LiveLog {
    bytes: Mutex<Pieces>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Default)]
struct Progress {
    length: usize,
    /// The last bytes, once there are no more.
    ended: Option<Bytes>,
}

impl LiveLog {
    /// Takes bytes told at `offset`. What lies behind it came from a lost attachment and comes again.
    pub(crate) fn write(&self, offset: u64, new: &[u8]) {
        let mut bytes = self.bytes.lock();
        bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        bytes.extend(new);
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
    }

    /// How many bytes there were by now.
    pub(crate) fn length(&self) -> usize {
        self.progress.borrow().length
    }

    fn reader(self: &Arc<Self>, position: usize) -> Reader {
        Reader { log: Arc::downgrade(self), progress: self.progress.subscribe(), position }
    }

    /// The stream from byte `from` to its end. Whoever is far behind when it ends, or is here no more, has the rest
    /// from `elsewhere`, which is told where to begin: no reader holds a log that is over.
    pub(crate) fn follow<F>(
        self: &Arc<Self>,
        from: usize,
        elsewhere: impl FnOnce(usize) -> F + Send + 'static,
    ) -> LogStream
    where
        F: Future<Output = Result<LogStream, EngineError>> + Send + 'static,
    {
        let behind = Arc::new(OnceLock::new());
        let live = stream::unfold((self.reader(from), behind.clone()), |(mut reader, behind)| async move {
            match reader.next().await? {
                Next::Bytes(bytes) => Some((Ok(bytes), (reader, behind))),
                Next::Elsewhere => {
                    // Nobody else sets it.
                    let _ = behind.set(reader.position);
                    None
                }
            }
        });
        let rest = stream::once(async move {
            match behind.get() {
                Some(position) => elsewhere(*position).await,
                None => Ok(stream::empty().boxed()),
            }
        });
        live.chain(rest.try_flatten()).boxed()
    }
}

/// Where someone reads. Holds nothing of the log while its client takes its time.
#[derive(Clone)]
struct Reader {
    log: Weak<LiveLog>,
    progress: watch::Receiver<Progress>,
    position: usize,
}

enum Next {
    Bytes(Bytes),
    /// The log is over and was too far ahead, or it is here no more.
    Elsewhere,
}

impl Reader {
    /// Waits for more; `None` at the end.
    async fn next(&mut self) -> Option<Next> {
        loop {
            let position = self.position;
            let now = self.progress.wait_for(|now| now.ended.is_some() || now.length > position).await;
            let Ok(Progress { length, ended }) = now.map(|now| now.clone()) else {
                return Some(Next::Elsewhere);
            };
            if let Some(last) = ended {
                return self.last(length, &last);
            }
            let bytes = self.log.upgrade().map(|log| log.bytes.lock().after(position));
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                self.position += bytes.len();
                return Some(Next::Bytes(bytes));
            }
            // What was read is being told again: there is more once something is written.
            if self.progress.changed().await.is_err() {
                return Some(Next::Elsewhere);
            }
        }
    }

    fn last(&mut self, length: usize, last: &Bytes) -> Option<Next> {
        if self.position >= length {
            return None;
        }
        let skipped = self.position.checked_sub(length - last.len());
        let Some(skipped) = skipped else { return Some(Next::Elsewhere) };
        self.position = length;
        Some(Next::Bytes(last.slice(skipped..)))
    }
}

#[async_trait]
impl LogSource for Reader {
    async fn after(&self, from: u64) -> Bytes {
        let position = usize::try_from(from).unwrap_or(usize::MAX);
        match (Self { position, ..self.clone() }).next().await {
            Some(Next::Bytes(bytes)) => bytes,
            // There is no more.
            Some(Next::Elsewhere) | None => std::future::pending().await,
        }
    }

    async fn ended(&self) {
        // Either way nothing more is said here.
        let _ = self.progress.clone().wait_for(|now| now.ended.is_some()).await;
    }

    fn length(&self) -> u64 {
        self.progress.borrow().length as u64
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::RunId;
    use simulay_store::StoreError;

    use super::pieces::PIECE;
    use super::*;

    /// A reader who has nothing but the log itself.
    fn follow(log: &Arc<LiveLog>) -> LogStream {
        log.follow(0, |_| std::future::ready(Err(StoreError::NotFound.into())))
    }

    #[tokio::test]
    async fn a_reader_sees_everything_once_across_a_retelling() {
        let log = Arc::new(LiveLog::default());
        let reader = follow(&log).map(|piece| piece.unwrap().to_vec());
        let reader = tokio::spawn(reader.concat());
        log.write(0, b"one ");
        tokio::task::yield_now().await;
        log.write(0, b"one ");
        log.write(4, b"two");
        log.end();
        let all: Vec<u8> = reader.await.unwrap();
        assert_eq!(all, b"one two");
    }

    #[tokio::test]
    async fn who_begins_later_sees_the_rest_also_of_what_is_to_come() {
        let log = Arc::new(LiveLog::default());
        log.write(0, b"one two");
        let from = |from| {
            let rest = log.follow(from, |_| std::future::ready(Err(StoreError::NotFound.into())));
            rest.map(|piece| piece.unwrap().to_vec()).concat()
        };
        let [near, at, beyond, past] = [4, 7, 9, 99].map(from);
        log.write(7, b" three");
        assert_eq!(log.length(), 13);
        log.end();
        let read = [near.await, at.await, beyond.await, past.await];
        assert_eq!(read, [&b"two three"[..], b" three", b"hree", b""]);
    }

    #[tokio::test]
    async fn who_follows_shares_what_is_whole() {
        let log = Arc::new(LiveLog::default());
        let told: Vec<u8> = (0..=250).cycle().take(3 * PIECE + 7).collect();
        log.write(0, &told);
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
        log.write(0, &told);
        let rest = told.clone();
        let mut behind = log.follow(0, move |from| async move {
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

    #[tokio::test]
    async fn an_attempt_that_is_let_go_of_leaves_nothing_and_its_readers_read_on_elsewhere() {
        let logs = LiveLogs::default();
        let container = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
        let (opened, [name, _]) = (logs.open(container), both(container));
        opened.stdout.write(0, b"one ");
        let mut reader = logs.get(name).unwrap().follow(0, |from| async move {
            assert_eq!(from, 4);
            Ok(stream::once(std::future::ready(Ok(Bytes::from_static(b"two")))).boxed())
        });
        assert_eq!(reader.next().await.unwrap().unwrap(), "one ");
        let next = logs.open(ContainerName { attempt: 1, ..container });
        drop(opened);
        assert!(logs.get(name).is_none());
        assert_eq!(reader.next().await.unwrap().unwrap(), "two");
        assert!(logs.open(container).stdout.snapshot().is_empty());
        next.close();
        assert!(logs.logs.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_ahead_of_a_retelling_waits_and_does_not_spin() {
        let log = Arc::new(LiveLog::default());
        log.write(0, b"one two");
        let mut reader = follow(&log);
        assert_eq!(reader.next().await.unwrap().unwrap(), "one two");
        log.write(0, b"one");
        // Time only passes once nobody has anything to do.
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(1), reader.next()).await;
        assert!(waiting.is_err());
        log.write(3, b" two ");
        assert_eq!(reader.next().await.unwrap().unwrap(), " ");
    }
}
