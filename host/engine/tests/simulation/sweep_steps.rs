//! Sweeps in the middle of whose steps something happens, at each place where it can, in a world where nothing else
//! fails.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use simulay_engine::{Engine, NewSweep, Parts, SweepError};
use simulay_model::{
    Bound, OwnerFilter, RunState, StopRule, Sweep, SweepId, SweepRefusal, SweepState, Variation,
};

use crate::database::{Database, Store, in_memory};
use crate::machine::Machine;
use crate::shares::calm;
use crate::story::{Host, Story, me, settings, upload};
use crate::sweeps::{asked, judge, stored, until_ended};

const POINTS: u32 = 7;

/// A host that brings sweeps along until its way to them breaks after so many acts; all else of it goes on.
fn host(story: &Story, store: &Store, number: usize, acts: u64) -> (Arc<Machine>, Engine) {
    let sound = Machine::new(&story.world, u64::MAX);
    let breaks = Machine::new(&story.world, acts);
    let sweeps = Arc::new(Database { machine: breaks.clone(), store: store.clone() });
    let parts = Parts { sweeps, ..story.parts(&sound, store) };
    (breaks, story.engine_of(parts, settings(number)))
}

/// One that only takes requests.
async fn front(story: &Story, store: &Store) -> Engine {
    let machine = Machine::new(&story.world, u64::MAX);
    upload(&Host { engine: story.engine(&machine, store, settings(8)), machine: machine.clone() }).await;
    Engine::new(story.parts(&machine, store), settings(9), None)
}

/// Has hosts whose way to sweeps breaks after each number of acts bring one along, until one brings it to its end;
/// after each, another goes on. Gives how many there were.
fn at_each_act(new: &NewSweep, end: SweepState) -> u64 {
    for acts in 1..1000 {
        let (mut story, mut was_whole) = (calm(), false);
        story.live(&in_memory(), async |story, store| {
            let front = front(story, &store).await;
            let id = front.sweeps.create(&me(), new.clone(), None).await.unwrap().id;
            let (breaks, first) = host(story, &store, 0, acts);
            first.recover().await.unwrap();
            let is_over = || stored(&store, id).progress.state.is_end();
            let ended = async {
                while !is_over() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            };
            tokio::select! { () = breaks.died() => {}, () = ended => {} }
            was_whole = is_over() && !breaks.is_dead();
            let (_, second) = host(story, &store, 1, u64::MAX);
            second.recover().await.unwrap();
            until_ended(&store, &[id]).await;
            let (sweep, runs) = judge(&store, id);
            assert_eq!(sweep.progress.state, end, "after {acts} acts");
            assert!(runs.values().all(|runs| runs.len() == 1), "after {acts} acts: {runs:?}");
        });
        if was_whole {
            return acts;
        }
    }
    panic!("it never comes to its end");
}

#[test]
fn wherever_whoever_makes_points_dies_another_goes_on() {
    let places = at_each_act(&asked(POINTS, &["fine"]), SweepState::Succeeded);
    assert!(places > 20, "it died at {places} places only");
}

#[test]
fn wherever_whoever_stops_a_sweep_dies_another_goes_on() {
    let calls = ("/calls".to_owned(), Variation::List(vec![json!(1), json!(3)]));
    let stop = StopRule { outcome: "/calls".to_owned(), bound: Bound::Above(2.0) };
    let mut new = NewSweep { stop: Some(stop), ..asked(POINTS, &["fine"]) };
    new.parameters.push(calls);
    at_each_act(&new, SweepState::Stopped);
}

/// Has two hosts bring a sweep along, and does something once it was changed so often, for each number there is.
fn at_each_step(new: &NewSweep, something: impl AsyncFn(&Engine, SweepId), judged: impl Fn(&Store, &Sweep)) {
    for revision in 0..1000 {
        let (mut story, mut was_over) = (calm(), false);
        story.live(&in_memory(), async |story, store| {
            let front = front(story, &store).await;
            let id = front.sweeps.create(&me(), new.clone(), None).await.unwrap().id;
            for number in 0..2 {
                host(story, &store, number, u64::MAX).1.recover().await.unwrap();
            }
            while stored(&store, id).progress.revision < revision && !was_over {
                was_over = stored(&store, id).progress.state.is_end();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            something(&front, id).await;
            until_ended(&store, &[id]).await;
            judged(&store, &judge(&store, id).0);
        });
        if was_over {
            return;
        }
    }
}

#[test]
fn a_sweep_is_cancelled_whatever_it_is_about() {
    let cancel = async |engine: &Engine, id| match engine.sweeps.cancel(&me(), id).await {
        Ok(_) | Err(SweepError::Refused(SweepRefusal::Ended)) => {}
        Err(error) => panic!("{error:?}"),
    };
    at_each_step(&asked(POINTS, &["fine"]), cancel, |_, sweep| {
        let begun = sweep.progress.begun;
        match sweep.progress.state {
            SweepState::Cancelled => assert!(begun <= POINTS, "{begun}"),
            state => assert_eq!((state, begun), (SweepState::Succeeded, POINTS)),
        }
    });
}

#[test]
fn a_sweep_is_extended_whatever_it_is_about() {
    let extend = async |engine: &Engine, id| {
        engine.sweeps.extend(&me(), id, 4).await.unwrap();
    };
    at_each_step(&asked(POINTS, &["fine"]), extend, |_, sweep| {
        assert_eq!(sweep.progress.blocks, [POINTS, 4]);
        assert_eq!((sweep.progress.state, sweep.progress.begun), (SweepState::Succeeded, POINTS + 4));
    });
}

#[test]
fn what_failed_is_tried_again_whatever_the_sweep_is_about() {
    let retry = async |engine: &Engine, id| {
        engine.sweeps.retry(&me(), id).await.unwrap();
    };
    at_each_step(&asked(POINTS, &["fine", "exits"]), retry, |store, sweep| {
        assert_eq!((sweep.progress.state, sweep.progress.begun), (SweepState::Ended, POINTS));
        for (point, runs) in judge(store, sweep.id).1 {
            let failed = runs.iter().all(|run| run.state == RunState::Failed);
            assert!(failed || runs.len() == 1, "point {point} succeeded and was tried again");
            assert!(runs.len() <= 2, "point {point}: {runs:?}");
        }
    });
}

#[test]
fn the_last_attempt_counts_whatever_the_clocks_say() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let front = front(story, &store).await;
        let id = front.sweeps.create(&me(), asked(POINTS, &["exits"]), None).await.unwrap().id;
        let (_, first) = host(story, &store, 0, u64::MAX);
        first.recover().await.unwrap();
        until_ended(&store, &[id]).await;
        first.shutdown().await;
        // Ids follow the clock: from here on they are older than all before.
        let slow = Machine::new(&story.world, u64::MAX);
        slow.set_back();
        let second = story.engine(&slow, &store, settings(1));
        second.recover().await.unwrap();
        for attempts in 2..5 {
            front.sweeps.retry(&me(), id).await.unwrap();
            until_ended(&store, &[id]).await;
            let (_, runs) = judge(&store, id);
            assert!(runs.values().all(|runs| runs.len() == attempts), "{runs:?}");
        }
        let page = front.sweeps.points(&me(), id, 0, POINTS, &[]).await.unwrap();
        for point in page.points {
            let run = point.run.unwrap();
            assert_eq!(run.sweep.unwrap().attempt, 3);
            let of_all = store.records.get(&OwnerFilter::Any, run.id).await.unwrap().unwrap();
            assert_eq!(of_all.state, RunState::Failed);
        }
    });
}
