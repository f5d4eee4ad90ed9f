//! The streams of containers at work, for those who watch. Bounded by the policy's stream limit;
//! what was missed across a restart is told again by `simulay-init`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use simulay_model::RunId;
use simulay_store::StoreError;
use tokio::sync::watch;

/// One of the streams of a container call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A stream of a call from its start; goes on until the call ends when that has not happened yet.
pub type LogStream = BoxStream<'static, Result<Bytes, StoreError>>;

type Key = (RunId, u32, u32, StreamName);

/// Streams of the containers at work.
#[derive(Clone, Default)]
pub(crate) struct LiveLogs(Arc<Mutex<HashMap<Key, Arc<LiveLog>>>>);

impl LiveLogs {
    /// The log of a stream, made when there is none.
    pub(crate) fn open(&self, run: RunId, step: u32, call: u32, stream: StreamName) -> Arc<LiveLog> {
        lock(&self.0).entry((run, step, call, stream)).or_default().clone()
    }

    /// The log of a stream at work.
    pub(crate) fn get(&self, run: RunId, step: u32, call: u32, stream: StreamName) -> Option<Arc<LiveLog>> {
        lock(&self.0).get(&(run, step, call, stream)).cloned()
    }

    /// Ends both logs of a call; from now on its artifacts tell.
    pub(crate) fn close(&self, run: RunId, step: u32, call: u32) {
        for stream in [StreamName::Stdout, StreamName::Stderr] {
            if let Some(log) = lock(&self.0).remove(&(run, step, call, stream)) {
                log.end();
            }
        }
    }
}

/// One stream while it grows.
#[derive(Default)]
pub(crate) struct LiveLog {
    bytes: Mutex<Vec<u8>>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Copy, Default)]
struct Progress {
    length: usize,
    ended: bool,
}

impl LiveLog {
    /// Takes bytes told at `offset`. What lies behind it came from a lost attachment and comes again.
    pub(crate) fn write(&self, offset: u64, new: &[u8]) {
        let mut bytes = lock(&self.bytes);
        bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        bytes.extend_from_slice(new);
        // Readers never go back: what is told again is the same.
        self.progress.send_modify(|progress| progress.length = progress.length.max(bytes.len()));
    }

    /// All bytes so far.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        lock(&self.bytes).clone()
    }

    fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }

    fn after(&self, position: usize) -> Bytes {
        Bytes::copy_from_slice(lock(&self.bytes).get(position..).unwrap_or_default())
    }

    /// The stream from its start to its end.
    pub(crate) fn follow(self: Arc<Self>) -> LogStream {
        let progress = self.progress.subscribe();
        stream::unfold((self, progress, 0), |(log, mut progress, position)| async move {
            progress.wait_for(|now| now.ended || now.length > position).await.ok()?;
            let bytes = log.after(position);
            if bytes.is_empty() && progress.borrow().ended {
                return None;
            }
            let position = position + bytes.len();
            Some((Ok(bytes), (log, progress, position)))
        })
        .boxed()
    }
}

/// A panic elsewhere leaves plain bytes behind, which are as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_sees_everything_once_across_a_retelling() {
        let log = Arc::new(LiveLog::default());
        let reader = log.clone().follow().map(|piece| piece.unwrap().to_vec());
        let reader = tokio::spawn(reader.concat());
        log.write(0, b"one ");
        tokio::task::yield_now().await;
        log.write(0, b"one ");
        log.write(4, b"two");
        log.end();
        let all: Vec<u8> = reader.await.unwrap();
        assert_eq!(all, b"one two");
    }
}
