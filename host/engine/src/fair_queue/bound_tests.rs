//! What owners may have at once, and that nobody else waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use simulay_containers::Capacity;
use tokio::sync::oneshot::{self, Receiver};

use super::{FairQueue, OwnerBounds, Path, Permit};

const NOTHING: Capacity = Capacity { cpu_milli: 0, memory_mib: 0 };

fn path(names: &[&str]) -> Path {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn bounds(own: &[(&str, usize)]) -> OwnerBounds {
    OwnerBounds {
        usual: None,
        own: own.iter().map(|(owner, most)| (Arc::from(*owner), Some(*most))).collect(),
    }
}

fn ask(queue: &FairQueue, names: &[&str], demand: Capacity) -> Receiver<Permit> {
    let (turn, given) = oneshot::channel();
    queue.queue(path(names), demand, Box::new(turn));
    given
}

/// The permits that came of those that were asked for; who has none waits on.
fn come(waiting: &mut Vec<Receiver<Permit>>) -> Vec<Permit> {
    let mut come = Vec::new();
    waiting.retain_mut(|given| match given.try_recv() {
        Ok(permit) => {
            come.push(permit);
            false
        }
        Err(_) => true,
    });
    come
}

#[test]
fn an_owner_has_no_more_than_its_bound_and_others_go_on() {
    let queue = FairQueue::new(6, 0);
    queue.set_bounds(bounds(&[("a", 2)]));
    let mut of_a: Vec<_> = (0..100).map(|_| ask(&queue, &["a", "p"], NOTHING)).collect();
    let mut of_b: Vec<_> = (0..5).map(|_| ask(&queue, &["b", "p"], NOTHING)).collect();
    let (mut a, b) = (come(&mut of_a), come(&mut of_b));
    assert_eq!((a.len(), b.len(), queue.taken_by("a"), queue.taken_by("b")), (2, 4, 2, 4));
    drop(b);
    assert_eq!((come(&mut of_a).len(), come(&mut of_b).len()), (0, 1), "what is free is not for it");
    drop(a.pop());
    assert_eq!(come(&mut of_a).len(), 1);
}

#[test]
fn bounds_that_change_act_at_once_on_who_waits() {
    let queue = FairQueue::new(10, 0);
    queue.set_bounds(OwnerBounds { usual: Some(1), own: BTreeMap::new() });
    let mut waiting: Vec<_> = (0..9).map(|_| ask(&queue, &["a"], NOTHING)).collect();
    let mut all = come(&mut waiting);
    assert_eq!(all.len(), 1);
    queue.set_bounds(bounds(&[("a", 4)]));
    all.extend(come(&mut waiting));
    assert_eq!(all.len(), 4);
    queue.set_bounds(bounds(&[("a", 2)]));
    assert_eq!(queue.taken(), 4, "what it has it keeps");
    all.truncate(2);
    assert!(come(&mut waiting).is_empty());
    all.truncate(1);
    all.extend(come(&mut waiting));
    assert_eq!(all.len(), 2);
    queue.set_bounds(bounds(&[]));
    assert_eq!(come(&mut waiting).len(), 4, "nobody is forgotten");
}

#[test]
fn whoever_was_bounded_does_not_make_up_for_it() {
    let queue = FairQueue::new(2, 0);
    queue.set_bounds(bounds(&[("a", 1)]));
    let mut of_a: Vec<_> = (0..100).map(|_| ask(&queue, &["a", "p"], NOTHING)).collect();
    let long = come(&mut of_a);
    for _ in 0..1000 {
        assert!(ask(&queue, &["b", "p"], NOTHING).now_or_never().is_some());
    }
    let last = ask(&queue, &["b", "p"], NOTHING).now_or_never();
    queue.set_bounds(bounds(&[]));
    let mut of_b: Vec<_> = (0..100).map(|_| ask(&queue, &["b", "p"], NOTHING)).collect();
    drop(last);
    let mut counts = (0, 0);
    for _ in 0..20 {
        let (a, b) = (come(&mut of_a), come(&mut of_b));
        counts = (counts.0 + a.len(), counts.1 + b.len());
    }
    assert!(counts.0 >= 9 && counts.1 >= 9, "they take turns: {counts:?}");
    drop(long);
}

#[test]
fn who_waits_for_room_is_out_of_the_way_when_its_owner_meets_its_bound() {
    let queue = FairQueue::new(20, 12);
    queue.set_room(Capacity { cpu_milli: 1000, memory_mib: 1000 });
    queue.set_bounds(bounds(&[("a", 2)]));
    let large = Capacity { cpu_milli: 0, memory_mib: 500 };
    let small = Capacity { cpu_milli: 0, memory_mib: 100 };
    let mut first = vec![ask(&queue, &["a", "p"], large)];
    let first = come(&mut first);
    // Settled, and no room for it: it is next, and holds up the others.
    let mut next = vec![ask(&queue, &["a", "p"], large)];
    assert!(come(&mut next).is_empty());
    let newcomer = ask(&queue, &["a", "q"], small).now_or_never();
    assert_eq!(queue.taken_by("a"), 2, "a newcomer passes it by");
    let mut of_b = vec![ask(&queue, &["b", "p"], small), ask(&queue, &["b", "p"], small)];
    let of_b = come(&mut of_b);
    assert_eq!(of_b.len(), 2, "nobody waits for the bound of another");
    drop((newcomer, of_b));
    assert!(come(&mut next).is_empty(), "there is still no room");
    drop(first);
    assert_eq!(come(&mut next).len(), 1);
}

/// Numbers without a pattern, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

const OWNERS: [&str; 4] = ["a", "b", "c", "d"];

#[test]
fn whatever_comes_and_goes_bounds_hold_and_everybody_gets_a_turn() {
    for seed in 0..200 {
        let (mut dice, queue) = (Dice(seed), FairQueue::new(5, 12));
        queue.set_room(Capacity { cpu_milli: 4000, memory_mib: 1000 });
        let (mut most, mut waiting, mut at_work) = ([5; 4], Vec::new(), Vec::new());
        let mut asked = 0;
        // Beyond all bounds: what the bounds allow is told without them.
        let mut beyond = Vec::new();
        for _ in 0..300 {
            match dice.below(6) {
                0 => {
                    let before: Vec<_> = OWNERS.iter().map(|owner| queue.taken_by(owner)).collect();
                    most = most.map(|_| 1 + dice.below(4));
                    let own: Vec<_> = OWNERS.into_iter().zip(most).collect();
                    queue.set_bounds(bounds(&own));
                    at_work.extend(come(&mut waiting));
                    for ((owner, most), before) in own.into_iter().zip(before) {
                        assert!(queue.taken_by(owner) <= most.max(before), "seed {seed}");
                    }
                }
                1 if !waiting.is_empty() => drop(waiting.swap_remove(dice.below(waiting.len()))),
                2 if !at_work.is_empty() => drop(at_work.swap_remove(dice.below(at_work.len()))),
                3 if dice.below(4) == 0 => {
                    let demand = Capacity { cpu_milli: 500, memory_mib: 400 };
                    beyond.push(queue.take_at_once(path(&[OWNERS[dice.below(4)], "p", "r"]), demand));
                }
                4 if !beyond.is_empty() => drop(beyond.swap_remove(dice.below(beyond.len()))),
                _ => {
                    let owner = dice.below(4);
                    let demand = Capacity { cpu_milli: 500, memory_mib: 100 * dice.below(9) as u64 };
                    let before = queue.taken_by(OWNERS[owner]);
                    waiting.push(ask(&queue, &[OWNERS[owner], ["p", "q"][dice.below(2)], "r"], demand));
                    asked += 1;
                    let after = queue.taken_by(OWNERS[owner]);
                    assert!(after <= most[owner].max(before), "seed {seed}");
                }
            }
            at_work.extend(come(&mut waiting));
            assert!(queue.taken() <= 5 + beyond.len(), "seed {seed}");
        }
        assert!(asked > 50);
        at_work.extend(beyond);
        // Each that ends lets others go on, until nobody waits.
        while let Some(permit) = at_work.pop() {
            drop(permit);
            at_work.extend(come(&mut waiting));
        }
        assert!(waiting.is_empty(), "seed {seed}: {} wait for ever", waiting.len());
        assert_eq!(queue.taken(), 0);
    }
}
