//! Tells other processes what this one publishes.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::Pipeline;
use simulay_signals::Signal;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::RedisServer;
use crate::backoff::Backoff;
use crate::keys::Keys;
use crate::lane::Lane;
use crate::message::Message;

/// Signals that wait for Redis; more are dropped.
const WAITING: usize = 4096;
/// Signals sent at once.
const AT_ONCE: usize = 256;

/// What waits for Redis.
enum Waiting {
    Signal(Signal),
    /// Somebody, for what came before to be told.
    Flush(oneshot::Sender<()>),
}

/// Tells other processes what this one publishes, and when something of that is lost.
pub(crate) struct Publisher {
    queue: mpsc::Sender<Waiting>,
    lost: Arc<AtomicBool>,
    _sender: AbortOnDropHandle<()>,
}

impl Publisher {
    /// Publishes as the process `me`.
    pub(crate) fn start(server: RedisServer, me: Uuid) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicBool::new(false));
        let keys = server.keys.clone();
        let sender = Sender { lane: Lane::open(server, "telling signals"), keys, me, lost: lost.clone() };
        Self { queue, lost, _sender: AbortOnDropHandle::new(tokio::spawn(sender.send_all(waiting))) }
    }

    /// Tells others, when there is room.
    pub(crate) fn publish(&self, signal: Signal) {
        if self.queue.try_send(Waiting::Signal(signal)).is_err() {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// Returns once all that was published is told.
    pub(crate) async fn flush(&self) {
        let (told, flushed) = oneshot::channel();
        if self.queue.send(Waiting::Flush(told)).await.is_ok() {
            // Who tells is there for as long as this is.
            let _ = flushed.await;
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
    async fn send_all(self, mut queue: mpsc::Receiver<Waiting>) {
        let (mut waiting, mut backoff) = (Vec::new(), Backoff::new());
        while queue.recv_many(&mut waiting, AT_ONCE).await > 0 {
            let mut said = self.said(&waiting);
            // Who could not be told what is told that he missed it, once Redis is there again.
            while !self.send(&said, &mut backoff).await || self.lost.swap(false, Ordering::Relaxed) {
                said = self.notice();
            }
            mem::take(&mut waiting).into_iter().for_each(flushed);
        }
    }

    /// True when Redis took it; else it is time to try again.
    async fn send(&self, said: &Pipeline, backoff: &mut Backoff) -> bool {
        // Somebody waits for what is told already.
        if said.is_empty() {
            return true;
        }
        let connection = self.lane.connected().await;
        let sent = said.exec_async(&mut connection.commands()).await;
        let Err(error) = sent else { return true };
        self.lane.failed(&connection, error);
        backoff.pause().await;
        false
    }

    fn said(&self, waiting: &[Waiting]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for waiting in waiting {
            if let Waiting::Signal(signal) = waiting {
                self.say(&mut pipeline, &self.keys.topic(&signal.topic()), Some(signal.clone()));
            }
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

/// Tells whoever waits for it.
fn flushed(told: Waiting) {
    if let Waiting::Flush(flushed) = told {
        // He may wait no longer.
        let _ = flushed.send(());
    }
}
