//! What it costs to find work among very many runs that wait, in operations: `SIMULAY_QUEUED=1000000` has so many wait.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use simulay_engine::{Engine, Entropy as _, Settings};
use simulay_model::{Quotas, Run};

use crate::database::{Store, in_memory};
use crate::machine::{Machine, MachineEntropy};
use crate::shares::{calm, fine};
use crate::story::{Story, me, request, settings};

/// Accounts, and pipelines of each.
const ACCOUNTS: u64 = 10;
const PIPELINES: u64 = 10;
const FLOWS: u64 = ACCOUNTS * PIPELINES;
const PER_FLOW: u64 = 16;
const RUNNERS: usize = 2;
/// Runs of a runner at work at once.
const AT_WORK: u64 = 16;
const FEW: u64 = 3000;
const MANY: u64 = 20_000;
const TIME: u64 = 100;

/// What runners asked and held.
#[derive(Debug)]
struct Cost {
    ended: u64,
    calls: u64,
    /// The most of one runner.
    looks: u64,
    most_found: u64,
    most_held: u64,
}

impl Cost {
    fn calls_per_run(&self) -> f64 {
        self.calls as f64 / self.ended as f64
    }
}

/// Has so many wait, in turn of each flow.
async fn queue(story: &Story, store: &Store, engine: &Engine, count: u64) {
    let entropy = MachineEntropy(Machine::new(&story.world, u64::MAX));
    let mut first = Vec::new();
    for pipeline in 0..PIPELINES {
        let name = format!("pipeline-{pipeline}");
        engine.catalog.upload(&me(), Bytes::from(name.clone())).await.unwrap();
        first.push(engine.intake.create(&me(), request(&name, &fine(pipeline, 1, 1))).await.unwrap());
    }
    for number in 0..count {
        let of = &first[(number % PIPELINES) as usize];
        let owner = format!("account-{}", number / PIPELINES % ACCOUNTS).parse().unwrap();
        let mut run = Run { id: entropy.run_id(), owner, ..of.clone() };
        // No two compute the same.
        run.request.seed = number;
        store.records.create_within(run, None, &Quotas::default()).await.unwrap();
    }
}

fn runner(story: &Story, store: &Store, number: usize) -> (Arc<Machine>, Engine) {
    let machine = Machine::new(&story.world, u64::MAX);
    let settings = Settings {
        max_active_runs: AT_WORK as usize,
        max_containers: AT_WORK as usize,
        max_waiting_per_flow: PER_FLOW as usize,
        ..settings(number)
    };
    let engine = story.engine(&machine, store, settings);
    (machine, engine)
}

/// What it costs to work for a time while `count` wait.
fn cost(count: u64) -> Cost {
    let (mut story, mut most_held, mut cost) = (calm(), 0, None);
    story.live(&in_memory(), async |story, store| {
        queue(story, &store, &runner(story, &store, 9).1, count).await;
        let runners: Vec<_> = (0..RUNNERS).map(|number| runner(story, &store, number)).collect();
        for (_, engine) in &runners {
            engine.recover().await.unwrap();
        }
        for _ in 0..TIME {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let held = runners.iter().map(|(_, engine)| engine.stats().unfinished_runs as u64);
            most_held = held.max().unwrap().max(most_held);
        }
        let asked = || runners.iter().map(|(machine, _)| &machine.asked);
        cost = Some(Cost {
            ended: story.daemon.starts().len() as u64,
            calls: asked().map(|asked| asked.calls.load(Ordering::Relaxed)).sum(),
            looks: asked().map(|asked| asked.looks.load(Ordering::Relaxed)).max().unwrap(),
            most_found: asked().map(|asked| asked.most_found.load(Ordering::Relaxed)).max().unwrap(),
            most_held,
        });
    });
    cost.unwrap()
}

#[test]
fn how_many_runs_wait_costs_a_runner_nothing() {
    let many = std::env::var("SIMULAY_QUEUED").map_or(MANY, |count| count.parse().expect("a number"));
    let [few, many] = [FEW, many].map(|count| {
        let cost = cost(count);
        println!("{count} runs of {FLOWS} flows wait: {:.1} calls per run, {cost:?}", cost.calls_per_run());
        cost
    });
    for cost in [&few, &many] {
        assert!(cost.most_found <= FLOWS * PER_FLOW, "{cost:?}");
        assert!(cost.most_held <= FLOWS * PER_FLOW + AT_WORK, "{cost:?}");
        // Three in the time of a lease, and few more for what has had its turn.
        assert!(cost.looks <= 2 * TIME / 10, "{cost:?}");
        assert!(cost.calls_per_run() <= 20.0, "{cost:?}");
    }
    assert!(many.calls_per_run() <= 1.1 * few.calls_per_run(), "{few:?}, {many:?}");
}
