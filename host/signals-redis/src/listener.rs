//! Hears what other processes say, on one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use simulay_signals::{LocalSignals, Signals as _};
use tokio::sync::Notify;
use tokio::time::timeout;
use uuid::Uuid;

use crate::channels::{Changes, Channels};
use crate::lane::PROBING;
use crate::message::Message;
use crate::persistent::Purpose;
use crate::server::ANSWERING;
use crate::{RedisServer, Unreachable};

/// Channels asked for at once.
const AT_ONCE: usize = 500;
/// For that to be confirmed.
const CONFIRMING: Duration = Duration::from_secs(10);
/// Between two looks for topics that nobody listens to any more.
const SWEEPING: Duration = Duration::from_secs(10);

/// Hears what other processes say, and tells it to this one.
pub(crate) struct Listener {
    pub(crate) server: RedisServer,
    pub(crate) local: Arc<LocalSignals>,
    /// Somebody listens to another topic.
    pub(crate) changed: Arc<Notify>,
    /// True while there is a connection.
    pub(crate) connected: Arc<AtomicBool>,
    /// This process.
    pub(crate) me: Uuid,
}

impl Purpose for Listener {
    type Connection = PubSub;

    fn name(&self) -> &'static str {
        "signals of other processes"
    }

    async fn connect(&self) -> Result<PubSub, Unreachable> {
        let mut connection = self.server.listen().await?;
        confirmed(connection.subscribe(self.server.keys.lost())).await?;
        Ok(connection)
    }

    async fn serve(&self, connection: PubSub) -> Unreachable {
        let (sink, stream) = connection.split();
        let channels = Channels::new(self.server.keys.clone());
        self.connected.store(true, Ordering::Relaxed);
        let lost = tokio::select! {
            () = self.hear(stream, &channels) => Unreachable::Silent,
            lost = self.follow(sink.clone(), &channels) => lost,
            lost = silence(sink) => lost,
        };
        self.connected.store(false, Ordering::Relaxed);
        lost
    }
}

impl Listener {
    async fn hear(&self, mut stream: PubSubStream, channels: &Channels) {
        while let Some(message) = stream.next().await {
            self.take(message.get_channel_name(), message.get_payload_bytes(), channels);
        }
    }

    /// Tells what was said on a channel. Of what is no signal only that there was something.
    fn take(&self, channel: &str, said: &[u8], channels: &Channels) {
        let told = match serde_json::from_slice(said) {
            Ok(Message { from, .. }) if from == self.me => return,
            Ok(Message { signal, .. }) => signal,
            Err(error) => {
                tracing::debug!(channel, %error, "what was said is no signal");
                None
            }
        };
        match (told, channels.topic(channel)) {
            (Some(signal), Some(topic)) if signal.topic() == topic => self.local.publish(signal),
            (_, Some(topic)) => self.local.miss(&topic),
            (_, None) if channel == self.server.keys.lost() => self.local.miss_all(),
            (_, None) => {}
        }
    }

    /// Hears the channels of the topics that somebody listens to, whichever those are.
    async fn follow(&self, mut sink: PubSubSink, channels: &Channels) -> Unreachable {
        loop {
            if let Err(lost) = self.change(&mut sink, channels.change(self.local.topics())).await {
                return lost;
            }
            // Either is a reason to look.
            let _ = timeout(SWEEPING, self.changed.notified()).await;
        }
    }

    /// Those who listen hear that they may have missed some: what was said before Redis confirmed is lost to them.
    async fn change(&self, sink: &mut PubSubSink, changes: Changes) -> Result<(), Unreachable> {
        for new in changes.new.chunks(AT_ONCE) {
            let names: Vec<&str> = new.iter().map(|(name, _)| name.as_str()).collect();
            confirmed(sink.subscribe(names)).await?;
            new.iter().for_each(|(_, topic)| self.local.miss(topic));
        }
        for old in changes.old.chunks(AT_ONCE) {
            confirmed(sink.unsubscribe(old)).await?;
        }
        Ok(())
    }
}

async fn confirmed(asked: impl Future<Output = redis::RedisResult<()>>) -> Result<(), Unreachable> {
    Ok(timeout(CONFIRMING, asked).await.map_err(|_| Unreachable::Silent)??)
}

/// Asks whether it is there until it is not: a connection that was cut is not told of.
async fn silence(mut sink: PubSubSink) -> Unreachable {
    loop {
        match timeout(ANSWERING, sink.ping::<redis::Value>()).await {
            Ok(Ok(_)) => tokio::time::sleep(PROBING).await,
            Ok(Err(error)) => return error.into(),
            Err(_) => return Unreachable::Silent,
        }
    }
}
