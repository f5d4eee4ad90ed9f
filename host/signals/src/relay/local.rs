//! Logs within a process, for tests of what lies above.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{LogName, LogPiece, LogRelay};

/// Pieces of a log; those of more are dropped.
const MOST: usize = 4096;

/// Logs within a process. Clones share all they know, as processes share a relay.
#[derive(Debug, Clone, Default)]
pub struct LocalRelay(Arc<Mutex<HashMap<LogName, watch::Sender<Told>>>>);

/// What was told of a log.
#[derive(Debug, Default)]
struct Told {
    pieces: Vec<LogPiece>,
    ended: bool,
}

impl LocalRelay {
    fn change(&self, log: LogName, change: impl FnOnce(&mut Told)) {
        self.0.lock().entry(log).or_default().send_modify(change);
    }
}

impl LogRelay for LocalRelay {
    fn publish(&self, log: LogName, piece: LogPiece) {
        self.change(log, |told| {
            if told.pieces.len() < MOST {
                told.pieces.push(piece);
            }
        });
    }

    fn end(&self, log: LogName) {
        self.change(log, |told| told.ended = true);
        self.0.lock().remove(&log);
    }

    fn follow(&self, log: LogName) -> BoxStream<'static, LogPiece> {
        let told = self.0.lock().entry(log).or_default().subscribe();
        stream::unfold((told, 0), |(mut told, next)| async move {
            let piece = {
                let now = told.wait_for(|now| now.ended || now.pieces.len() > next).await.ok()?;
                now.pieces.get(next).cloned()
            };
            piece.map(|piece| (piece, (told, next + 1)))
        })
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn logs_within_a_process_keep_the_promises() {
        crate::conformance::check_relay(&LocalRelay::default()).await;
    }
}
