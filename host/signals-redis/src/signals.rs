//! Signals between processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use simulay_signals::{LocalSignals, Signal, Signals, Subscription, Topic};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::RedisServer;
use crate::listener::Listener;
use crate::persistent::persist;
use crate::publisher::Publisher;

/// For the last signals of a process that ends.
const FLUSHING: Duration = Duration::from_secs(1);

/// Signals between the processes that share a Redis server. Within this one they need no Redis. Whoever subscribes
/// hears [`Heard::Missed`](simulay_signals::Heard::Missed) once Redis has confirmed it, and again after each loss.
pub struct RedisSignals {
    local: Arc<LocalSignals>,
    publisher: Publisher,
    changed: Arc<Notify>,
    connected: Arc<AtomicBool>,
    _listener: AbortOnDropHandle<()>,
}

impl RedisSignals {
    /// Begins to connect, in the present runtime, for ever; ends when it is dropped.
    #[must_use]
    pub fn start(server: &RedisServer) -> Self {
        let (local, changed, me) = (Arc::<LocalSignals>::default(), Arc::<Notify>::default(), Uuid::new_v4());
        let publisher = Publisher::start(server.clone(), me);
        let connected = Arc::<AtomicBool>::default();
        let listener = Listener {
            server: server.clone(),
            local: local.clone(),
            changed: changed.clone(),
            connected: connected.clone(),
            me,
        };
        let listener = AbortOnDropHandle::new(tokio::spawn(persist(listener)));
        Self { local, publisher, changed, connected, _listener: listener }
    }
}

#[async_trait]
impl Signals for RedisSignals {
    fn publish(&self, signal: Signal) {
        self.local.publish(signal.clone());
        self.publisher.publish(signal);
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        let subscription = self.local.subscribe(topic);
        self.changed.notify_one();
        subscription
    }

    fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    async fn flush(&self) {
        if timeout(FLUSHING, self.publisher.flush()).await.is_err() {
            tracing::info!("the last signals are not told; others find what they are about by looking");
        }
    }
}
