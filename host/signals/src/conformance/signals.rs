//! What every backend of signals promises. A subscriber may hear that he missed some at any time: that is a hint to
//! look, like any other.

use simulay_model::{AccountName, PluginName, RunId, UnfinishedRun};
use tokio::time::timeout;

use super::PATIENCE;
use crate::{Heard, Signal, Signals, Subscription, Topic};

/// More than any backend keeps for a subscriber.
const MANY: usize = 10_000;

/// Fails when `signals` breaks a promise.
pub async fn check(signals: &dyn Signals) {
    check_between(signals, signals).await;
    what_came_before_is_forgotten(signals).await;
}

/// Fails when what is published here is not heard there: `here` and `there` are two processes, or one.
pub async fn check_between(here: &dyn Signals, there: &dyn Signals) {
    topics_are_told_apart(here, there).await;
    every_subscriber_hears(here, there).await;
    a_slow_subscriber_is_told_that_he_missed_some(here, there).await;
}

async fn topics_are_told_apart(here: &dyn Signals, there: &dyn Signals) {
    let (run, last) = (RunId::generate(), RunId::generate());
    let mut heard = listening(here, there, Topic::Work, Signal::CancelRequested(run)).await;
    for signal in [Signal::RunChanged(run), Signal::RunChanged(last), Signal::CancelRequested(last)] {
        here.publish(signal);
    }
    loop {
        let signal = signal(&mut heard).await;
        assert_eq!(signal.topic(), Topic::Work);
        if signal == Signal::CancelRequested(last) {
            return;
        }
    }
}

async fn every_subscriber_hears(here: &dyn Signals, there: &dyn Signals) {
    let run = RunId::generate();
    let mut one = listening(here, there, Topic::Run(run), Signal::RunChanged(run)).await;
    let mut two = there.subscribe(Topic::Run(run));
    here.publish(Signal::RunChanged(run));
    assert_eq!(signal(&mut one).await, Signal::RunChanged(run));
    assert_eq!(signal(&mut two).await, Signal::RunChanged(run));
}

async fn what_came_before_is_forgotten(signals: &dyn Signals) {
    let (first, second) = (RunId::generate(), RunId::generate());
    let mut heard = signals.subscribe(Topic::Work);
    signals.publish(queued(first));
    heard.forget();
    signals.publish(queued(second));
    loop {
        match signal(&mut heard).await {
            Signal::RunQueued(run) if run.id == second => return,
            other => assert!(other != queued(first), "it was forgotten"),
        }
    }
}

async fn a_slow_subscriber_is_told_that_he_missed_some(here: &dyn Signals, there: &dyn Signals) {
    let run = RunId::generate();
    let mut heard = listening(here, there, Topic::Run(run), Signal::RunChanged(run)).await;
    (0..MANY).for_each(|_| here.publish(Signal::RunChanged(run)));
    while next(&mut heard).await != Heard::Missed {}
    assert_eq!(signal(&mut heard).await, Signal::RunChanged(run));
}

fn queued(id: RunId) -> Signal {
    let Ok(pipeline) = "heat".parse::<PluginName>() else { panic!("`heat` is a name") };
    Signal::RunQueued(UnfinishedRun { id, owner: AccountName::local(), pipeline })
}

/// A subscription `there` that hears what is published `here`: between processes that takes a moment.
async fn listening(here: &dyn Signals, there: &dyn Signals, topic: Topic, signal: Signal) -> Subscription {
    let mut heard = there.subscribe(topic);
    let reached = async {
        loop {
            here.publish(signal.clone());
            let answer = timeout(PATIENCE / 100, heard.next()).await;
            if answer.is_ok_and(|answer| answer == Heard::Signal(signal.clone())) {
                break;
            }
        }
    };
    if timeout(PATIENCE, reached).await.is_err() {
        panic!("no signal comes");
    }
    heard
}

/// The next signal, whatever was missed before.
async fn signal(heard: &mut Subscription) -> Signal {
    loop {
        match next(heard).await {
            Heard::Signal(signal) => return signal,
            Heard::Missed => {}
            Heard::Closed => panic!("more comes"),
        }
    }
}

async fn next(heard: &mut Subscription) -> Heard {
    timeout(PATIENCE, heard.next()).await.unwrap_or_else(|_| panic!("no signal comes"))
}
