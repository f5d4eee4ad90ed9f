//! Many runs of one flow: they wait in the store, and whoever has room finds them soon.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use simulay_engine::{Engine, Settings, Stats};
use simulay_model::{Clock as _, RunId, RunState};
use simulay_signals::{LocalSignals, Signals};

use crate::database::{Store, in_memory};
use crate::machine::Machine;
use crate::plugin::NAME;
use crate::shares::{calm, fine};
use crate::story::{Story, me, request, settings};
use crate::world::WorldClock;

const PER_FLOW: usize = 8;
const LONG: Duration = Duration::from_secs(24 * 3600);

async fn hosts(story: &Story, store: &Store, count: usize, per_flow: usize) -> Vec<Engine> {
    let signals: Arc<dyn Signals> = Arc::new(LocalSignals::default());
    let mut hosts = Vec::new();
    for number in 0..count {
        let settings = Settings { max_waiting_per_flow: per_flow, max_run_time: LONG, ..settings(number) };
        let machine = Machine::new(&story.world, u64::MAX);
        let host = story.engine_that_hears(signals.clone(), &machine, store, settings);
        host.recover().await.unwrap();
        hosts.push(host);
    }
    hosts[0].catalog.upload(&me(), Bytes::from_static(NAME.as_bytes())).await.unwrap();
    hosts
}

async fn create(engine: &Engine, count: u64) -> Vec<RunId> {
    let mut runs = Vec::new();
    for salt in 0..count {
        runs.push(engine.intake.create(&me(), request(NAME, &fine(salt, 1, 1))).await.unwrap().id);
    }
    runs
}

/// How long `count` runs take on so many hosts, and what these say afterwards.
fn time(count: u64, machines: usize, per_flow: usize) -> (Duration, Vec<Stats>) {
    let mut story = calm();
    let (told, heard) = std::sync::mpsc::channel();
    story.live(&in_memory(), async |story, store| {
        let hosts = hosts(story, &store, machines, per_flow).await;
        let clock = WorldClock(story.world.clone());
        let begin = clock.now();
        for run in create(&hosts[0], count).await {
            let ended = hosts[0].reader.wait(&me(), run, LONG).await.unwrap().unwrap();
            assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
        }
        let time = clock.now().duration_since(begin).unsigned_abs();
        told.send((time, hosts.iter().map(Engine::stats).collect())).unwrap();
    });
    heard.recv().unwrap()
}

#[test]
fn what_waits_here_is_bounded_and_what_waits_in_the_store_comes_by_its_age() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let host = hosts(story, &store, 1, PER_FLOW).await.pop().unwrap();
        let most = settings(0).max_active_runs + PER_FLOW;
        let runs = create(&host, 200).await;
        for run in &runs {
            host.reader.wait(&me(), *run, LONG).await.unwrap().unwrap();
            assert!(host.stats().unfinished_runs <= most, "{:?}", host.stats());
        }
        let mut seen = std::collections::HashSet::new();
        let starts: Vec<_> =
            story.daemon.starts().into_iter().map(|name| name.run).filter(|run| seen.insert(*run)).collect();
        let places = |run: &RunId| starts.iter().position(|started| started == run).unwrap();
        for (age, run) in runs.iter().enumerate() {
            assert!(places(run).abs_diff(age) < most, "run {age} came as number {}", places(run));
        }
    });
}

#[test]
fn a_bound_on_what_waits_here_costs_no_time() {
    let ((bounded, _), (unbounded, _)) = (time(300, 1, PER_FLOW), time(300, 1, usize::MAX));
    assert!(bounded <= unbounded * 11 / 10, "{bounded:?} instead of {unbounded:?}");
}

#[test]
fn several_hosts_share_the_work_and_seldom_race_for_the_same_run() {
    let ((alone, _), (together, stats)) = (time(400, 1, 64), time(400, 4, 64));
    assert!(together <= alone / 2, "{together:?} instead of {alone:?}");
    let (won, lost) =
        stats.iter().fold((0, 0), |(won, lost), host| (won + host.leases_won, lost + host.leases_lost));
    assert_eq!(won, 400);
    assert!(lost <= won / 2, "{lost} races were lost for {won} runs");
}
