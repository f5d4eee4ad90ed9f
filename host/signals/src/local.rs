//! Signals within a process.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::{Heard, Signal, Signals, Subscription, Topic};

/// Signals that wait for a subscriber; an older one is lost, and he is told so.
const WAITING: usize = 64;
/// As many of what runners look after.
const WAITING_WORK: usize = 4096;

/// Fewer channels are not looked through for those that nobody listens to.
const FEW: usize = 64;

/// Signals within a process.
#[derive(Debug, Default)]
pub struct LocalSignals {
    channels: Mutex<Channels>,
}

/// Channels of topics that someone subscribed to.
#[derive(Debug, Default)]
struct Channels {
    by_topic: HashMap<Topic, broadcast::Sender<Heard>>,
    /// With so many it is time to forget those that nobody listens to.
    crowd: usize,
}

impl Channels {
    fn subscribe(&mut self, topic: Topic) -> Subscription {
        if self.by_topic.len() >= self.crowd {
            self.forget_the_silent();
        }
        let waiting = if topic == Topic::Work { WAITING_WORK } else { WAITING };
        let channel = self.by_topic.entry(topic).or_insert_with(|| broadcast::Sender::new(waiting));
        Subscription::new(channel.subscribe())
    }

    fn tell(&mut self, topic: &Topic, heard: Heard) {
        if self.by_topic.get(topic).is_some_and(|channel| channel.send(heard).is_err()) {
            // Nobody is left who hears it.
            self.by_topic.remove(topic);
        }
    }

    /// Each time there are twice as many.
    fn forget_the_silent(&mut self) {
        self.by_topic.retain(|_, channel| channel.receiver_count() > 0);
        self.crowd = (2 * self.by_topic.len()).max(FEW);
    }
}

impl LocalSignals {
    /// The topics that someone listens to.
    #[must_use]
    pub fn topics(&self) -> HashSet<Topic> {
        let mut channels = self.channels.lock();
        channels.forget_the_silent();
        channels.by_topic.keys().cloned().collect()
    }

    /// Tells all who subscribed to `topic` that they may have missed some.
    pub fn miss(&self, topic: &Topic) {
        self.channels.lock().tell(topic, Heard::Missed);
    }

    /// Tells every subscriber that he may have missed some.
    pub fn miss_all(&self) {
        self.topics().iter().for_each(|topic| self.miss(topic));
    }
}

impl Signals for LocalSignals {
    fn publish(&self, signal: Signal) {
        self.channels.lock().tell(&signal.topic(), Heard::Signal(signal));
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        self.channels.lock().subscribe(topic)
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
        let (signals, told) = (LocalSignals::default(), RunId::generate());
        for _ in 0..10 * FEW {
            drop(signals.subscribe(Topic::Run(RunId::generate())));
        }
        assert!(signals.channels.lock().by_topic.len() <= FEW);
        drop(signals.subscribe(Topic::Run(told)));
        signals.publish(Signal::RunChanged(told));
        assert!(!signals.channels.lock().by_topic.contains_key(&Topic::Run(told)));
        let _listener = signals.subscribe(Topic::Work);
        assert_eq!(signals.topics(), HashSet::from([Topic::Work]));
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
