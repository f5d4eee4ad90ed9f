//! Signals within a process.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::{Signal, Signals, Subscription, Topic};

/// Signals that wait for a subscriber; an older one is lost, and he is told so.
const WAITING: usize = 64;
/// As many of what runners look after.
const WAITING_WORK: usize = 4096;

/// Signals within a process.
#[derive(Debug, Default)]
pub struct LocalSignals {
    /// Channels of topics that someone subscribed to.
    channels: Mutex<HashMap<Topic, broadcast::Sender<Signal>>>,
}

impl Signals for LocalSignals {
    fn publish(&self, signal: Signal) {
        let mut channels = self.channels.lock();
        let topic = signal.topic();
        if channels.get(&topic).is_some_and(|channel| channel.send(signal).is_err()) {
            // Nobody is left who hears it.
            channels.remove(&topic);
        }
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        let mut channels = self.channels.lock();
        channels.retain(|_, channel| channel.receiver_count() > 0);
        let waiting = if topic == Topic::Work { WAITING_WORK } else { WAITING };
        let channel = channels.entry(topic).or_insert_with(|| broadcast::Sender::new(waiting));
        Subscription::new(channel.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::RunId;

    use super::*;

    #[tokio::test]
    async fn signals_within_a_process_keep_the_promises() {
        crate::conformance::check(&LocalSignals::default()).await;
    }

    #[test]
    fn a_topic_nobody_listens_to_costs_nothing() {
        let (signals, left, told) = (LocalSignals::default(), RunId::generate(), RunId::generate());
        drop((signals.subscribe(Topic::Run(left)), signals.subscribe(Topic::Run(told))));
        signals.publish(Signal::RunChanged(told));
        let _listener = signals.subscribe(Topic::Work);
        assert_eq!(signals.channels.lock().len(), 1);
    }
}
