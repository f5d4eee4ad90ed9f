//! Hosts that stop, or sleep for too long, in a world where nothing else fails.

use std::time::Duration;

use bytes::Bytes;
use simulay_engine::{CreateError, Settings};
use simulay_model::RunState;

use crate::database::in_memory;
use crate::machine::Machine;
use crate::plugin::NAME;
use crate::shares::{calm, fine};
use crate::story::{me, request, settings};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_stop_leaves_containers_to_the_next_start() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let machine = Machine::new(&story.world, u64::MAX);
        let engine = story.engine(&machine, &store, settings(0));
        engine.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
        let run = engine.intake.create(&me(), request(NAME, &fine(3, 2, 3))).await.unwrap().id;
        tokio::time::sleep(SECOND).await;
        engine.shutdown().await;
        let present = story.daemon.present();
        assert!(!present.is_empty());
        let refused = engine.intake.create(&me(), request(NAME, &fine(4, 1, 1))).await;
        assert!(matches!(refused, Err(CreateError::Draining)), "{refused:?}");
        let next = story.engine(&machine, &store, settings(0));
        assert_eq!(next.recover().await.unwrap(), 1);
        let ended = next.reader.wait(&me(), run, 1000 * SECOND).await.unwrap().unwrap();
        assert_eq!(ended.state, RunState::Succeeded);
        assert_eq!(story.daemon.starts().len(), 6, "those at work were adopted");
    });
}

#[test]
fn a_stop_that_waits_lets_runs_at_work_end_and_begins_no_other() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let machine = Machine::new(&story.world, u64::MAX);
        let settings = Settings { max_active_runs: 1, drain: 1000 * SECOND, ..settings(0) };
        let engine = story.engine(&machine, &store, settings);
        engine.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
        let at_work = engine.intake.create(&me(), request(NAME, &fine(3, 2, 3))).await.unwrap().id;
        tokio::time::sleep(SECOND).await;
        let queued = engine.intake.create(&me(), request(NAME, &fine(4, 1, 1))).await.unwrap().id;
        let begun = story.world.now();
        engine.shutdown().await;
        assert!(story.world.now() < begun + 500 * SECOND, "it waits no longer than the run works");
        assert_eq!(engine.reader.run(&me(), at_work).await.unwrap().unwrap().state, RunState::Succeeded);
        assert_eq!(engine.reader.run(&me(), queued).await.unwrap().unwrap().state, RunState::Queued);
    });
}

#[test]
fn a_host_that_sleeps_past_its_lease_changes_nothing_any_more() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let sleeper = Machine::new(&story.world, u64::MAX);
        let first = story.engine(&sleeper, &store, settings(0));
        first.catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
        let run = first.intake.create(&me(), request(NAME, &fine(3, 4, 8))).await.unwrap().id;
        tokio::time::sleep(SECOND).await;
        sleeper.freeze(45 * SECOND);
        let other = Machine::new(&story.world, u64::MAX);
        let second = story.engine(&other, &store, settings(1));
        second.recover().await.unwrap();
        tokio::time::sleep(20 * SECOND).await;
        let at_rest = story.daemon.starts().len();
        assert!(at_rest <= 4, "nobody else has the run while its lease lasts");
        tokio::time::sleep(20 * SECOND).await;
        assert!(story.daemon.starts().len() > at_rest, "the other host has taken it over");
        let ended = second.reader.wait(&me(), run, 1000 * SECOND).await.unwrap().unwrap();
        assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
        assert_eq!(ended.report.unwrap().outcome, fine(3, 4, 8).expected().unwrap());
        let mut starts = story.daemon.starts();
        let all = starts.len();
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts.len(), all, "a container started twice");
    });
}
