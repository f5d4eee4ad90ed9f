//! What every backend promises, for a test of each.
#![expect(clippy::panic, reason = "part of tests")]

use std::time::Duration;

use simulay_model::{AccountName, PluginName, RunId, UnfinishedRun};
use tokio::time::timeout;

use crate::{Heard, Signal, Signals, Subscription, Topic};

/// For a signal to come, even from another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any backend keeps for a subscriber.
const MANY: usize = 10_000;

/// Fails when `signals` breaks a promise.
pub async fn check(signals: &dyn Signals) {
    topics_are_told_apart(signals).await;
    every_subscriber_hears(signals).await;
    what_came_before_is_forgotten(signals).await;
    a_slow_subscriber_is_told_that_he_missed_some(signals).await;
}

async fn topics_are_told_apart(signals: &dyn Signals) {
    let (run, other) = (RunId::generate(), RunId::generate());
    let mut heard = signals.subscribe(Topic::Run(run));
    for signal in [Signal::RunChanged(other), Signal::CancelRequested(run), Signal::RunChanged(run)] {
        signals.publish(signal);
    }
    expect(&mut heard, &Heard::Signal(Signal::RunChanged(run))).await;
}

async fn every_subscriber_hears(signals: &dyn Signals) {
    let run = RunId::generate();
    let (mut one, mut two) = (signals.subscribe(Topic::Run(run)), signals.subscribe(Topic::Run(run)));
    signals.publish(Signal::RunChanged(run));
    expect(&mut one, &Heard::Signal(Signal::RunChanged(run))).await;
    expect(&mut two, &Heard::Signal(Signal::RunChanged(run))).await;
}

async fn what_came_before_is_forgotten(signals: &dyn Signals) {
    let (first, second) = (RunId::generate(), RunId::generate());
    let mut heard = signals.subscribe(Topic::Work);
    let Ok(pipeline) = "heat".parse::<PluginName>() else { panic!("`heat` is a name") };
    let owner = AccountName::local();
    let queued =
        |id| Signal::RunQueued(UnfinishedRun { id, owner: owner.clone(), pipeline: pipeline.clone() });
    signals.publish(queued(first));
    heard.forget();
    signals.publish(queued(second));
    loop {
        match next(&mut heard).await {
            Heard::Signal(Signal::RunQueued(run)) if run.id == second => return,
            Heard::Signal(Signal::RunQueued(run)) => assert!(run.id != first, "it was forgotten"),
            other => panic!("{other:?}"),
        }
    }
}

async fn a_slow_subscriber_is_told_that_he_missed_some(signals: &dyn Signals) {
    let run = RunId::generate();
    let mut heard = signals.subscribe(Topic::Run(run));
    (0..MANY).for_each(|_| signals.publish(Signal::RunChanged(run)));
    expect(&mut heard, &Heard::Missed).await;
    expect(&mut heard, &Heard::Signal(Signal::RunChanged(run))).await;
}

async fn next(heard: &mut Subscription) -> Heard {
    timeout(PATIENCE, heard.next()).await.unwrap_or_else(|_| panic!("no signal comes"))
}

async fn expect(heard: &mut Subscription, expected: &Heard) {
    assert_eq!(&next(heard).await, expected);
}
