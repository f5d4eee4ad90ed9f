//! What is cut off from what, in a world where nothing else fails.

use std::collections::BTreeSet;
use std::time::Duration;

use simulay_model::{ContainerName, RunId, RunState};

use super::{Fleet, Runner};
use crate::database::{Store, in_memory};
use crate::plugin::NAME;
use crate::shares::fine;
use crate::story::{me, request, upload};

const SECOND: Duration = Duration::from_secs(1);
/// The salt of the first run.
const FIRST: u64 = 3;
const STEPS: u32 = 4;
const CALLS: u32 = 3;

impl Fleet {
    fn starts(&self) -> Vec<ContainerName> {
        self.nodes.iter().flat_map(|node| node.daemon.starts()).collect()
    }

    /// A run on a runner whose first calls are at work, and the runner.
    async fn at_first(&mut self, store: &Store) -> (Runner, RunId) {
        let runner = self.immortal(store);
        upload(&runner.host).await;
        let run = create(&runner, FIRST).await;
        while self.starts().len() < CALLS as usize {
            tokio::time::sleep(SECOND / 10).await;
        }
        (runner, run)
    }
}

async fn create(runner: &Runner, salt: u64) -> RunId {
    runner.host.engine.intake.create(&me(), request(NAME, &fine(salt, STEPS, CALLS))).await.unwrap().id
}

async fn succeeds(runner: &Runner, run: RunId, time: Duration) {
    let ended = runner.host.engine.reader.wait(&me(), run, time).await.unwrap().unwrap();
    assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
}

/// Calls that another attempt was needed of, by step.
fn repeated(fleet: &Fleet) -> BTreeSet<(u32, u32)> {
    let starts = fleet.starts();
    assert!(starts.iter().all(|start| start.attempt <= 1), "{starts:?}");
    starts.iter().filter(|start| start.attempt == 1).map(|start| (start.step, start.call)).collect()
}

/// Calls of the first step of the first run that leave files.
fn leaving_files() -> BTreeSet<(u32, u32)> {
    let leaves = |call: &u32| fine(FIRST, STEPS, CALLS).act(0, *call).leaves;
    (0..CALLS).filter(leaves).map(|call| (0, call)).collect()
}

/// Each call was started once, and no other attempt was needed.
fn each_once(fleet: &Fleet) {
    let starts = fleet.starts();
    assert_eq!(starts.len(), (STEPS * CALLS) as usize, "{starts:?}");
    assert!(starts.iter().all(|start| start.attempt == 0), "{starts:?}");
}

#[test]
fn who_is_cut_off_from_the_store_leaves_its_containers_to_another_and_does_no_harm() {
    let mut fleet = Fleet::calm(2);
    fleet.live(&in_memory(), async |fleet, store| {
        let (cut_off, run) = fleet.at_first(&store).await;
        cut_off.host.machine.cut_off(60 * SECOND);
        let heir = fleet.immortal(&store);
        tokio::time::sleep(20 * SECOND).await;
        assert_eq!(fleet.starts().len(), CALLS as usize, "nobody else has the run while its lease lasts");
        succeeds(&heir, run, 60 * SECOND).await;
        // It hears that it is late, and lets the rest alone.
        tokio::time::sleep(120 * SECOND).await;
        assert_eq!(repeated(fleet), leaving_files(), "what ended while nothing could take its files");
        assert_eq!(cut_off.host.engine.stats().unfinished_runs, 0);
        assert!(fleet.is_over(&store));
        fleet.judge(&store);
    });
}

#[test]
fn a_node_that_is_cut_off_from_its_runner_keeps_results() {
    let mut fleet = Fleet::calm(1);
    fleet.live(&in_memory(), async |fleet, store| {
        let (runner, run) = fleet.at_first(&store).await;
        runner.wires[0].cut(fleet.story.world.now() + 40 * SECOND);
        tokio::time::sleep(30 * SECOND).await;
        assert_eq!(fleet.nodes[0].daemon.present().len(), CALLS as usize, "what ended is kept");
        succeeds(&runner, run, 120 * SECOND).await;
        each_once(fleet);
        fleet.judge(&store);
    });
}

#[test]
fn an_agent_that_comes_back_somewhere_else_has_what_its_node_had() {
    let mut fleet = Fleet::calm(1);
    fleet.live(&in_memory(), async |fleet, store| {
        let (runner, run) = fleet.at_first(&store).await;
        fleet.nodes[0].agent().machine.kill();
        tokio::time::sleep(20 * SECOND).await;
        fleet.nodes[0].begin_life(u64::MAX);
        succeeds(&runner, run, 240 * SECOND).await;
        each_once(fleet);
        fleet.judge(&store);
    });
}

#[test]
fn what_was_on_a_node_that_stays_away_is_done_elsewhere_and_nothing_is_left_on_it() {
    let mut fleet = Fleet::calm(2);
    fleet.live(&in_memory(), async |fleet, store| {
        let (runner, run) = fleet.at_first(&store).await;
        let away = fleet.nodes.iter().position(|node| !node.daemon.present().is_empty()).unwrap();
        runner.wires[away].cut(fleet.story.world.now() + 900 * SECOND);
        succeeds(&runner, run, 300 * SECOND).await;
        assert!(!fleet.nodes[away].daemon.present().is_empty(), "nobody reaches it");
        tokio::time::sleep(900 * SECOND).await;
        assert!(fleet.is_over(&store));
        assert!(fleet.starts().iter().any(|start| start.attempt == 1));
        fleet.judge(&store);
    });
}

#[test]
fn a_node_that_is_drained_ends_what_it_has_and_gets_nothing_until_it_is_back() {
    let mut fleet = Fleet::calm(2);
    fleet.live(&in_memory(), async |fleet, store| {
        let (runner, run) = fleet.at_first(&store).await;
        let room = fleet.nodes[0].agent().room.clone();
        room.set_draining(true);
        tokio::time::sleep(5 * SECOND).await;
        let before = fleet.nodes[0].daemon.starts().len();
        succeeds(&runner, run, 120 * SECOND).await;
        let other = create(&runner, 4).await;
        succeeds(&runner, other, 120 * SECOND).await;
        assert_eq!(fleet.nodes[0].daemon.starts().len(), before);
        assert!(fleet.starts().iter().all(|start| start.attempt == 0));
        room.set_draining(false);
        tokio::time::sleep(5 * SECOND).await;
        let last = create(&runner, 5).await;
        succeeds(&runner, last, 120 * SECOND).await;
        assert!(fleet.nodes[0].daemon.starts().len() > before, "it takes calls again");
        fleet.judge(&store);
    });
}
