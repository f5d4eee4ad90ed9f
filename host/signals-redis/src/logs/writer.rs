//! Tells Redis what containers say, when it has time and room for that.

use std::sync::Arc;

use bytes::BytesMut;
use redis::Pipeline;
use simulay_signals::{LogName, LogPiece};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::entry::Entry;
use crate::RedisServer;
use crate::keys::Keys;
use crate::lane::Lane;

/// Bytes that wait for Redis; more are dropped.
const WAITING_BYTES: usize = 8 << 20;
/// As many pieces.
const WAITING: usize = 8192;
/// Bytes of a log that are told; what lies behind is read from what is kept in the end.
const MOST: u64 = 16 << 20;
/// Pieces sent at once.
const AT_ONCE: usize = 512;
/// Small pieces are put together up to so many bytes.
const WHOLE: usize = 16 << 10;

/// Takes what containers say, and never waits.
pub(super) struct Writer {
    queue: mpsc::Sender<Told>,
    room: Arc<Semaphore>,
    _sender: AbortOnDropHandle<()>,
}

/// What waits for Redis, with the room it takes.
struct Told {
    log: LogName,
    entry: Entry,
    _room: Option<OwnedSemaphorePermit>,
}

impl Writer {
    pub(super) fn start(server: RedisServer) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let (keys, lane) = (server.keys.clone(), Lane::open(server));
        let sender = tokio::spawn(send_all(lane, keys, waiting));
        let room = Arc::new(Semaphore::new(WAITING_BYTES));
        Self { queue, room, _sender: AbortOnDropHandle::new(sender) }
    }

    pub(super) fn publish(&self, log: LogName, piece: LogPiece) {
        let length = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
        if piece.offset.saturating_add(length.into()) > MOST {
            return;
        }
        if let Ok(room) = self.room.clone().try_acquire_many_owned(length) {
            self.tell(Told { log, entry: Entry::Piece(piece), _room: Some(room) });
        }
    }

    pub(super) fn end(&self, log: LogName) {
        self.tell(Told { log, entry: Entry::End, _room: None });
    }

    fn tell(&self, told: Told) {
        // A log with a gap is read from what is kept in the end.
        let _ = self.queue.try_send(told);
    }
}

async fn send_all(lane: Lane, keys: Keys, mut waiting: mpsc::Receiver<Told>) {
    let mut told = Vec::new();
    while waiting.recv_many(&mut told, AT_ONCE).await > 0 {
        let mut connection = lane.connected().await;
        // What is lost on the way is a gap like any other.
        if written(&keys, &told).exec_async(&mut connection).await.is_err() {
            lane.broken();
        }
        told.clear();
    }
}

fn written(keys: &Keys, told: &[Told]) -> Pipeline {
    let mut pipeline = redis::pipe();
    for (log, entry) in joined(told) {
        entry.write(&mut pipeline, &keys.log(log));
    }
    pipeline
}

/// The same with small pieces put together, where one follows the other.
fn joined(told: &[Told]) -> Vec<(LogName, Entry)> {
    let mut all: Vec<(LogName, Entry)> = Vec::new();
    for Told { log, entry, .. } in told {
        if let (Some((last, Entry::Piece(before))), Entry::Piece(piece)) = (all.last_mut(), entry)
            && last == log
            && follows(before, piece)
        {
            *before = LogPiece { offset: before.offset, bytes: both(before, piece) };
        } else {
            all.push((*log, entry.clone()));
        }
    }
    all
}

fn follows(before: &LogPiece, piece: &LogPiece) -> bool {
    before.offset + before.bytes.len() as u64 == piece.offset
        && before.bytes.len() + piece.bytes.len() <= WHOLE
}

fn both(before: &LogPiece, piece: &LogPiece) -> bytes::Bytes {
    let mut both = BytesMut::with_capacity(before.bytes.len() + piece.bytes.len());
    both.extend_from_slice(&before.bytes);
    both.extend_from_slice(&piece.bytes);
    both.freeze()
}
