//! Who takes which run up, and how soon, where signals come and where they do not: each host of these worlds
//! hears its own alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use simulay_engine::{Engine, Settings};
use simulay_model::{Change, Clock as _, Decision, RunId, RunState};
use simulay_signals::{LocalSignals, Signal, Signals, Subscription, Topic};
use tokio::sync::broadcast;

use crate::database::{Store, in_memory};
use crate::machine::Machine;
use crate::plugin::{Fate, NAME, Params};
use crate::shares::{calm, fine};
use crate::story::{Story, me, request, settings};
use crate::world::WorldClock;

const SECOND: Duration = Duration::from_secs(1);
/// Between two looks of a host, and a moment.
const LOOK: Duration = Duration::from_secs(11);

async fn host(story: &Story, store: &Store, number: usize) -> Engine {
    let machine = Machine::new(&story.world, u64::MAX);
    let day = 24 * 3600 * SECOND;
    let engine =
        story.engine(&machine, store, Settings { max_active_runs: 1, max_run_time: day, ..settings(number) });
    engine.recover().await.unwrap();
    engine
}

/// A host with a run at work that does not end, and one that waits for it.
async fn busy(story: &Story, store: &Store) -> (Engine, [RunId; 2]) {
    let busy = host(story, store, 0).await;
    busy.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
    let endless = create(&busy, &Params { fate: Fate::Hangs, ..fine(1, 1, 1) }).await;
    tokio::time::sleep(SECOND).await;
    let waits = create(&busy, &fine(2, 1, 1)).await;
    (busy, [endless, waits])
}

async fn create(engine: &Engine, params: &Params) -> RunId {
    engine.intake.create(&me(), request(NAME, params)).await.unwrap().id
}

/// How a run ended, within `time`.
async fn end(engine: &Engine, run: RunId, time: Duration) -> RunState {
    engine.reader.wait(&me(), run, time).await.unwrap().unwrap().state
}

#[test]
fn a_run_that_waits_elsewhere_is_found_by_whoever_has_room() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let idle = host(story, &store, 1).await;
        let (busy, [endless, waits]) = busy(story, &store).await;
        assert_eq!((busy.stats().unfinished_runs, idle.stats().unfinished_runs), (2, 0));
        tokio::time::sleep(LOOK).await;
        assert_eq!(end(&idle, waits, 30 * SECOND).await, RunState::Succeeded);
        assert_eq!(idle.stats().unfinished_runs, 0, "what another holds is not waited for");
        tokio::time::sleep(LOOK).await;
        assert_eq!(busy.stats().unfinished_runs, 1, "what ended elsewhere is not waited for");
        assert_eq!(end(&busy, endless, SECOND).await, RunState::Running);
    });
}

#[test]
fn a_run_that_waits_is_cancelled_without_a_turn() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let (busy, [endless, waits]) = busy(story, &store).await;
        busy.intake.cancel(&me(), waits).await.unwrap();
        assert_eq!(end(&busy, waits, SECOND).await, RunState::Cancelled);
        assert_eq!(end(&busy, endless, SECOND).await, RunState::Running);
        tokio::time::sleep(SECOND).await;
        assert_eq!(busy.stats().unfinished_runs, 1);
    });
}

#[test]
fn who_hears_of_a_cancel_ends_the_run_unless_another_has_it() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let (busy, [endless, waits]) = busy(story, &store).await;
        let machine = Machine::new(&story.world, u64::MAX);
        let other = story.engine(&machine, &store, settings(1));
        other.intake.cancel(&me(), waits).await.unwrap();
        assert_eq!(end(&other, waits, SECOND).await, RunState::Cancelled);
        other.intake.cancel(&me(), endless).await.unwrap();
        tokio::time::sleep(SECOND).await;
        assert_eq!(other.stats().unfinished_runs, 0, "the host that has the run ends it");
        assert_eq!(end(&busy, endless, LOOK).await, RunState::Cancelled);
    });
}

#[test]
fn a_cancel_that_nobody_heard_of_is_found() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let (busy, [_, waits]) = busy(story, &store).await;
        let progress = store.records.progress(waits).await.unwrap().unwrap();
        let now = WorldClock(story.world.clone()).now();
        let Decision::Commit(effects) = progress.decide(now, Change::CancelRequested).unwrap() else {
            panic!("it is new");
        };
        simulay_store::Runs::commit(&*store.records, waits, None, effects).await.unwrap();
        assert_eq!(end(&busy, waits, LOOK).await, RunState::Cancelled);
    });
}

/// Signals whose first subscription to work breaks off.
#[derive(Default)]
struct CutOff {
    again: AtomicBool,
    signals: LocalSignals,
}

impl Signals for CutOff {
    fn publish(&self, signal: Signal) {
        self.signals.publish(signal);
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        if topic == Topic::Work && !self.again.swap(true, Ordering::Relaxed) {
            return Subscription::new(broadcast::channel(1).1);
        }
        self.signals.subscribe(topic)
    }
}

#[test]
fn a_host_whose_subscription_breaks_off_subscribes_again_and_looks() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let machine = Machine::new(&story.world, u64::MAX);
        let signals = Arc::new(CutOff::default());
        let engine = story.engine_that_hears(signals, &machine, &store, settings(0));
        engine.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
        for salt in [1, 2] {
            let run = create(&engine, &fine(salt, 1, 1)).await;
            assert_eq!(end(&engine, run, 30 * SECOND).await, RunState::Succeeded);
        }
    });
}
