//! Tells other processes what this one publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::Pipeline;
use simulay_signals::Signal;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::RedisServer;
use crate::keys::Keys;
use crate::lane::Lane;
use crate::message::Message;

/// Signals that wait for Redis; more are dropped.
const WAITING: usize = 4096;
/// Signals sent at once.
const AT_ONCE: usize = 256;

/// Tells other processes what this one publishes, and when something of that is lost.
pub(crate) struct Publisher {
    queue: mpsc::Sender<Signal>,
    lost: Arc<AtomicBool>,
    _sender: AbortOnDropHandle<()>,
}

impl Publisher {
    /// Publishes as the process `me`.
    pub(crate) fn start(server: RedisServer, me: Uuid) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicBool::new(false));
        let keys = server.keys.clone();
        let sender = Sender { lane: Lane::open(server), keys, me, lost: lost.clone() };
        Self { queue, lost, _sender: AbortOnDropHandle::new(tokio::spawn(sender.send_all(waiting))) }
    }

    /// Tells others, when there is room.
    pub(crate) fn publish(&self, signal: Signal) {
        if self.queue.try_send(signal).is_err() {
            self.lost.store(true, Ordering::Relaxed);
        }
    }
}

struct Sender {
    lane: Lane,
    keys: Keys,
    me: Uuid,
    lost: Arc<AtomicBool>,
}

impl Sender {
    async fn send_all(self, mut waiting: mpsc::Receiver<Signal>) {
        let mut signals = Vec::new();
        while waiting.recv_many(&mut signals, AT_ONCE).await > 0 {
            let mut said = self.said(signals.drain(..));
            // Who could not be told what is told that he missed it, once Redis is there again.
            while self.send(&said).await.is_err() || self.lost.swap(false, Ordering::Relaxed) {
                said = self.notice();
            }
        }
    }

    async fn send(&self, said: &Pipeline) -> redis::RedisResult<()> {
        let sent = said.exec_async(&mut self.lane.connected().await).await;
        sent.inspect_err(|_| self.lane.broken())
    }

    fn said(&self, signals: impl Iterator<Item = Signal>) -> Pipeline {
        let mut pipeline = redis::pipe();
        for signal in signals {
            let channel = self.keys.topic(&signal.topic());
            self.say(&mut pipeline, &channel, Some(signal));
        }
        pipeline
    }

    fn notice(&self) -> Pipeline {
        let mut pipeline = redis::pipe();
        self.say(&mut pipeline, &self.keys.lost(), None);
        pipeline
    }

    fn say(&self, pipeline: &mut Pipeline, channel: &str, signal: Option<Signal>) {
        match serde_json::to_vec(&Message { from: self.me, signal }) {
            Ok(message) => drop(pipeline.publish(channel, message).ignore()),
            // Nothing of ours is no JSON; if it were, it would be lost like any other.
            Err(error) => tracing::error!(%error, "a signal cannot be said"),
        }
    }
}
