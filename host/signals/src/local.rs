//! Signals within a process.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::{Heard, Signal, Signals, Subscription, Topic};

/// Signals that wait for a subscriber; an older one is lost, and he is told so.
const WAITING: usize = 64;
/// As many of what runners look after.
const WAITING_WORK: usize = 4096;

type Channels = HashMap<Topic, broadcast::Sender<Heard>>;

/// Signals within a process.
#[derive(Debug, Default)]
pub struct LocalSignals {
    /// Channels of topics that someone subscribed to.
    channels: Mutex<Channels>,
}

impl LocalSignals {
    /// The topics that someone listens to.
    #[must_use]
    pub fn topics(&self) -> HashSet<Topic> {
        let mut channels = self.channels.lock();
        forget_the_silent(&mut channels);
        channels.keys().cloned().collect()
    }

    /// Tells all who subscribed to `topic` that they may have missed some.
    pub fn miss(&self, topic: &Topic) {
        self.tell(topic, Heard::Missed);
    }

    /// Tells every subscriber that he may have missed some.
    pub fn miss_all(&self) {
        self.topics().iter().for_each(|topic| self.miss(topic));
    }

    fn tell(&self, topic: &Topic, heard: Heard) {
        let mut channels = self.channels.lock();
        if channels.get(topic).is_some_and(|channel| channel.send(heard).is_err()) {
            // Nobody is left who hears it.
            channels.remove(topic);
        }
    }
}

impl Signals for LocalSignals {
    fn publish(&self, signal: Signal) {
        self.tell(&signal.topic(), Heard::Signal(signal));
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        let mut channels = self.channels.lock();
        forget_the_silent(&mut channels);
        let waiting = if topic == Topic::Work { WAITING_WORK } else { WAITING };
        let channel = channels.entry(topic).or_insert_with(|| broadcast::Sender::new(waiting));
        Subscription::new(channel.subscribe())
    }
}

fn forget_the_silent(channels: &mut Channels) {
    channels.retain(|_, channel| channel.receiver_count() > 0);
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

    #[tokio::test]
    async fn who_missed_some_is_told_and_nobody_else() {
        let (signals, run) = (LocalSignals::default(), RunId::generate());
        let (mut missed, mut work) = (signals.subscribe(Topic::Run(run)), signals.subscribe(Topic::Work));
        signals.miss(&Topic::Run(run));
        signals.publish(Signal::CancelRequested(run));
        assert_eq!(missed.next().await, Heard::Missed);
        assert_eq!(work.next().await, Heard::Signal(Signal::CancelRequested(run)));
        signals.miss_all();
        assert_eq!((missed.next().await, work.next().await), (Heard::Missed, Heard::Missed));
        assert_eq!(signals.topics(), HashSet::from([Topic::Work, Topic::Run(run)]));
    }
}
