//! Fair shares, and what fits on the node, in a world where nothing fails.

use std::time::Duration;

use bytes::Bytes;
use simulay_containers::Capacity;
use simulay_engine::{Engine, Settings};
use simulay_model::{Principal, Quota, Quotas, RunId, RunState, Visibility};

use crate::database::in_memory;
use crate::machine::Machine;
use crate::plugin::{Fate, Params};
use crate::story::{Story, me, request, settings};

const LONG: Duration = Duration::from_secs(24 * 3600);

/// A calm world.
pub(crate) fn calm() -> Story {
    let story = Story::new(1);
    story.world.calm_down();
    story
}

pub(crate) const fn fine(salt: u64, steps: u32, calls: u32) -> Params {
    Params { salt, steps, calls, fate: Fate::Fine }
}

async fn begin(story: &Story, store: &crate::database::Store, settings: Settings) -> Engine {
    let machine = Machine::new(&story.world, u64::MAX);
    let engine = story.engine(&machine, store, settings);
    engine.recover().await.unwrap();
    for name in ["large", "small"] {
        engine.catalog.upload(&me(), Bytes::from_static(name.as_bytes())).await.unwrap();
    }
    engine
}

async fn create(engine: &Engine, pipeline: &str, params: &Params) -> RunId {
    engine.intake.create(&me(), request(pipeline, params)).await.unwrap().id
}

async fn succeeds(engine: &Engine, run: RunId) {
    let ended = engine.reader.wait(&me(), run, LONG).await.unwrap().unwrap();
    assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
}

#[test]
fn a_run_of_a_thousand_calls_does_not_starve_small_ones() {
    let mut story = calm();
    let settings = Settings { max_containers_per_run: 1000, max_run_time: LONG, ..settings(0) };
    story.live(&in_memory(), async |story, store| {
        let engine = begin(story, &store, settings).await;
        let large = create(&engine, "large", &fine(1, 1, 1000)).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        for salt in 2..12 {
            let before = story.daemon.starts().len();
            let small = create(&engine, "small", &fine(salt, 1, 2)).await;
            succeeds(&engine, small).await;
            let of_large = story.daemon.starts().iter().skip(before).filter(|name| name.run == large).count();
            assert!(of_large <= 20, "{of_large} containers of the large run came first");
        }
        assert!(!engine.reader.run(&me(), large).await.unwrap().unwrap().state.is_end());
        succeeds(&engine, large).await;
    });
}

#[test]
fn a_pipeline_with_a_thousand_runs_does_not_starve_another() {
    let mut story = calm();
    story.live(&in_memory(), async |story, store| {
        let engine = begin(story, &store, settings(0)).await;
        let mut large = Vec::new();
        for salt in 0..300 {
            large.push(create(&engine, "large", &fine(salt, 1, 1)).await);
        }
        let small = create(&engine, "small", &fine(1000, 1, 1)).await;
        succeeds(&engine, small).await;
        let mut ended = 0;
        for run in &large {
            ended += usize::from(engine.reader.run(&me(), *run).await.unwrap().unwrap().state.is_end());
        }
        assert!(ended <= 20, "{ended} runs that came before ended before");
        for run in large {
            succeeds(&engine, run).await;
        }
    });
}

#[test]
fn an_account_at_its_bound_waits_alone_and_comes_to_its_end() {
    let mut story = calm();
    let quotas = Quotas::default().with(Quota::MaxContainers, 1).with(Quota::MaxActiveRuns, 2);
    let settings = Settings { quotas, max_run_time: LONG, ..settings(0) };
    story.live(&in_memory(), async |story, store| {
        let engine = begin(story, &store, settings).await;
        let small = "small".parse().unwrap();
        engine.catalog.set_visibility(&me(), &small, Visibility::Public).await.unwrap();
        let mut large = Vec::new();
        for salt in 0..30 {
            large.push(create(&engine, "large", &fine(salt, 2, 10)).await);
        }
        let other = Principal { account: "ada".parse().unwrap(), ..me() };
        for salt in 100..110 {
            let run = engine.intake.create(&other, request("small", &fine(salt, 1, 2))).await.unwrap().id;
            let before = story.daemon.starts().len();
            let ended = engine.reader.wait(&other, run, LONG).await.unwrap().unwrap();
            assert_eq!(ended.state, RunState::Succeeded, "{ended:?}");
            let of_large = story.daemon.starts().iter().skip(before).filter(|name| name.run != run).count();
            assert!(of_large <= 10, "{of_large} containers of the other account came first");
        }
        for run in large {
            succeeds(&engine, run).await;
        }
        assert!(story.daemon.most_at_once() <= 2, "one of each account");
    });
}

#[test]
fn work_without_end_does_not_starve_another_pipeline() {
    let mut story = calm();
    let settings = Settings {
        max_active_runs: 64,
        max_containers: 64,
        max_run_time: Duration::from_secs(90 * 24 * 3600),
        ..settings(0)
    };
    // As many as the node can take.
    story.daemon.set_capacity(Capacity { cpu_milli: 32 * 500, memory_mib: 32 * 1024 });
    story.live(&in_memory(), async |story, store| {
        let engine = begin(story, &store, settings).await;
        for salt in 0..100 {
            let endless = Params { fate: Fate::Hangs, ..fine(salt, 1, 1) };
            create(&engine, "large", &endless).await;
        }
        tokio::time::sleep(LONG / 24).await;
        assert_eq!(story.daemon.present().len(), 32, "one pipeline alone has all processors at work");
        for salt in 1000..1010 {
            let small = create(&engine, "small", &fine(salt, 2, 3)).await;
            succeeds(&engine, small).await;
        }
        assert_eq!(story.daemon.present().len(), 32);
    });
}

#[test]
fn containers_leave_the_reserve_of_the_node_alone() {
    // A call takes 500 thousandths of a core and 72 MiB, beside 112 MiB for what is in its container.
    for (cpu_milli, memory_mib, most) in
        [(1700, 10_000, 3), (100_000, 100 + 2 * 184, 2), (100_000, 100 + 2 * 184 - 1, 1), (100, 1, 1)]
    {
        let mut story = calm();
        let reserve = Capacity { cpu_milli: 0, memory_mib: 100 };
        let (max_containers, newcomer_percent) = (8, 0);
        let settings =
            Settings { max_containers, max_containers_per_run: 8, newcomer_percent, reserve, ..settings(0) };
        story.daemon.set_capacity(Capacity { cpu_milli, memory_mib });
        story.live(&in_memory(), async |story, store| {
            let engine = begin(story, &store, settings).await;
            let runs = [create(&engine, "large", &fine(1, 2, 20)).await];
            for run in runs {
                succeeds(&engine, run).await;
            }
            assert_eq!(story.daemon.most_at_once(), most);
        });
    }
}
