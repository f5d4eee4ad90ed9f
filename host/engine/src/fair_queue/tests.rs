//! Whose turn it is, and when.

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};

use super::*;

const NOTHING: Capacity = Capacity { cpu_milli: 0, memory_mib: 0 };

fn path(names: &[&str]) -> Path {
    names.iter().map(|name| Arc::from(*name)).collect()
}

/// In which order those who wait behind `first` get their permits, one at a time.
async fn order(fair_queue: FairQueue, first: Permit, asked: Vec<Path>) -> Vec<String> {
    let waiting = asked.into_iter().map(|path| {
        let fair_queue = fair_queue.clone();
        async move {
            let name = path.last().cloned();
            fair_queue.take(path, NOTHING).await.map(|turn| (name, turn))
        }
    });
    let mut waiting: FuturesUnordered<_> = waiting.collect();
    assert!(waiting.next().now_or_never().is_none());
    drop(first);
    let mut order = Vec::new();
    while let Some(Some((name, _turn))) = waiting.next().await {
        order.push(name.unwrap().to_string());
    }
    order
}

#[tokio::test]
async fn a_thousand_of_one_do_not_hold_up_one_of_another() {
    let fair_queue = FairQueue::new(1, 0);
    let first = fair_queue.take(path(&["o", "large", "r0"]), NOTHING).await.unwrap();
    let mut asked = vec![path(&["o", "large", "r0"]); 1000];
    asked.push(path(&["o", "large", "r1"]));
    asked.push(path(&["o", "small", "r2"]));
    asked.push(path(&["p", "large", "r3"]));
    let order = order(fair_queue, first, asked).await;
    assert_eq!(order.len(), 1003);
    for late in ["r1", "r2", "r3"] {
        let place = order.iter().position(|name| name == late).unwrap();
        assert!(place < 6, "{late} came as number {place}");
    }
}

#[tokio::test]
async fn those_who_stopped_waiting_are_passed_over() {
    let fair_queue = FairQueue::new(1, 0);
    let first = fair_queue.take(path(&["a"]), NOTHING).await.unwrap();
    let impatient = fair_queue.take(path(&["a"]), NOTHING).now_or_never();
    assert!(impatient.is_none());
    let patient = tokio::spawn({
        let fair_queue = fair_queue.clone();
        async move { fair_queue.take(path(&["a"]), NOTHING).await.is_some() }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert!(patient.await.unwrap());
    assert_eq!(fair_queue.taken(), 0);
}

#[tokio::test]
async fn what_does_not_fit_waits_and_what_never_fits_gets_all() {
    let fair_queue = FairQueue::new(10, 0);
    fair_queue.set_room(Capacity { cpu_milli: 1000, memory_mib: 100 });
    let ask = |memory_mib| fair_queue.take(path(&["a"]), Capacity { cpu_milli: 100, memory_mib });
    let half = ask(60).await.unwrap();
    let mut other = Box::pin(ask(60));
    assert!((&mut other).now_or_never().is_none());
    drop(half);
    let other = other.await.unwrap();
    let mut giant = Box::pin(ask(5000));
    assert!((&mut giant).now_or_never().is_none());
    let mut dwarf = Box::pin(ask(1));
    assert!((&mut dwarf).now_or_never().is_none(), "it would keep the giant from its turn");
    drop(other);
    drop(giant.await.unwrap());
    dwarf.await.unwrap();
}

/// As many permits as those of `names` get at once.
async fn all(fair_queue: &FairQueue, names: &[&str], demand: Capacity) -> Vec<Permit> {
    let mut all = Vec::new();
    while let Some(Some(turn)) = fair_queue.take(path(names), demand).now_or_never() {
        all.push(turn);
    }
    all
}

#[tokio::test]
async fn long_work_leaves_places_for_pipelines_that_have_none() {
    let fair_queue = FairQueue::new(64, 12);
    let mut long = all(&fair_queue, &["o", "long"], NOTHING).await;
    assert_eq!(long.len(), 56, "one alone gets nearly all");
    let mut others = Vec::new();
    for name in ["b", "c", "d", "e", "f", "g"] {
        let newcomer = fair_queue.take(path(&["o", name]), NOTHING).now_or_never();
        others.push(newcomer.flatten().expect("a newcomer does not wait"));
        assert!(fair_queue.take(path(&["o", name]), NOTHING).now_or_never().is_none(), "it has a place now");
    }
    let waits = fair_queue.take(path(&["o", "h"]), NOTHING).now_or_never();
    assert!(waits.is_none(), "the last are for other owners");
    let stranger = fair_queue.take(path(&["p", "long"]), NOTHING).now_or_never();
    assert!(stranger.flatten().is_some());
    // Who had one gives it back, and is new again.
    drop(others.pop());
    assert!(fair_queue.take(path(&["o", "g"]), NOTHING).now_or_never().flatten().is_some());
    assert!(fair_queue.take(path(&["o", "long"]), NOTHING).now_or_never().is_none());
    others.clear();
    long.truncate(50);
    assert_eq!(all(&fair_queue, &["o", "long"], NOTHING).await.len(), 6);
}

#[tokio::test]
async fn newcomers_wait_neither_for_a_processor_nor_for_the_memory_of_others() {
    let fair_queue = FairQueue::new(20, 12);
    fair_queue.set_room(Capacity { cpu_milli: 2000, memory_mib: 1000 });
    let demand = Capacity { cpu_milli: 1000, memory_mib: 100 };
    let long = all(&fair_queue, &["o", "long"], demand).await;
    assert_eq!(long.len(), 2, "as many as there are processors");
    let newcomer = fair_queue.take(path(&["o", "b"]), demand).now_or_never().flatten();
    assert!(newcomer.is_some());
    drop((long, newcomer));
    let idle = Capacity { cpu_milli: 0, ..demand };
    let long = all(&fair_queue, &["o", "long"], idle).await;
    assert_eq!(long.len(), 8, "of 1000 MiB, 120 are kept");
    let newcomer = fair_queue.take(path(&["o", "b"]), idle).now_or_never().flatten();
    assert!(newcomer.is_some());
}

#[tokio::test]
async fn whoever_is_as_large_as_the_node_gets_it_in_the_end() {
    let fair_queue = FairQueue::new(20, 12);
    fair_queue.set_room(Capacity { cpu_milli: 2000, memory_mib: 1000 });
    let giant = Capacity { cpu_milli: 1000, memory_mib: 990 };
    let small = fair_queue.take(path(&["o", "small"]), NOTHING).await.unwrap();
    let mut waiting = Box::pin(fair_queue.take(path(&["o", "giant"]), giant));
    assert!((&mut waiting).now_or_never().is_none());
    assert!(fair_queue.take(path(&["o", "new"]), NOTHING).now_or_never().is_none(), "nobody overtakes it");
    drop(small);
    waiting.await.unwrap();
}
