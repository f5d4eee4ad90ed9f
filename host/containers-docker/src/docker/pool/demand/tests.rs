use simulay_containers::ImageId;
use simulay_model::Digest;

use super::*;

const IDLE: Duration = Duration::from_secs(100);

fn settings() -> PoolSettings {
    PoolSettings {
        max_containers: 4,
        max_per_class: 2,
        max_memory_bytes: 100 << 20,
        idle: IDLE,
        max_age: IDLE,
    }
}

fn class(number: u32) -> Class {
    let image = ImageId::from(Digest::of(b"image"));
    Class { image, memory_bytes: 1 << 30, scratch_mib: number, cpu_milli: 1000 }
}

/// A demand for one class, asked for `times` times at once.
fn asked(times: u32) -> (Demand, Instant) {
    let (mut demand, now) = (Demand::default(), Instant::now());
    (0..times).for_each(|_| demand.ask(class(1), false, now, &settings()));
    (demand, now)
}

#[test]
fn nothing_waits_before_a_call_asked() {
    assert_eq!(Demand::default().wanted(Instant::now(), &settings()), [].into());
    assert_eq!(asked(1).0.wanted(Instant::now(), &settings()), [(class(1), 1)].into());
}

#[test]
fn more_wait_when_calls_find_none_and_not_when_they_do() {
    let (mut demand, now) = asked(1);
    (0..9).for_each(|_| demand.ask(class(1), true, now, &settings()));
    assert_eq!(demand.wanted(now, &settings())[&class(1)], 1);
    (0..9).for_each(|_| demand.ask(class(1), false, now, &settings()));
    assert_eq!(demand.wanted(now, &settings())[&class(1)], 2, "no more than may be of a class");
}

#[test]
fn fewer_wait_when_calls_find_enough_and_none_when_none_come() {
    let (mut demand, start) = asked(2);
    demand.ask(class(1), true, start + IDLE / 2, &settings());
    let wanted = |demand: &mut Demand, then| demand.wanted(start + then, &settings()).get(&class(1)).copied();
    assert_eq!(wanted(&mut demand, IDLE / 2), Some(2));
    assert_eq!(wanted(&mut demand, IDLE), Some(1));
    assert_eq!(wanted(&mut demand, IDLE + IDLE / 2), None);
    assert_eq!(demand.classes().count(), 0);
}

#[test]
fn what_is_asked_for_often_goes_before_what_was_asked_for_once() {
    let (mut demand, now) = asked(3);
    for number in 2..9 {
        demand.ask(class(number), false, now, &settings());
    }
    let wanted = demand.wanted(now, &settings());
    assert_eq!(wanted[&class(1)], 1, "each its first before any a second: {wanted:?}");
    assert_eq!(wanted.values().sum::<u32>(), 4);
    (0..9).for_each(|_| demand.ask(class(8), true, now, &settings()));
    assert_eq!(demand.wanted(now, &settings())[&class(8)], 1);
}

#[test]
fn they_take_no_more_memory_than_they_may() {
    let (mut demand, now) = asked(2);
    demand.learn(class(1), 60 << 20);
    assert_eq!(demand.wanted(now, &settings())[&class(1)], 1);
    demand.learn(class(1), 101 << 20);
    assert_eq!(demand.wanted(now, &settings()), [].into());
}

#[test]
fn nothing_is_wanted_where_nothing_may_wait() {
    let (mut demand, now) = asked(1);
    assert_eq!(demand.wanted(now, &PoolSettings { max_containers: 0, ..settings() }), [].into());
    assert_eq!(demand.wanted(now, &PoolSettings { max_per_class: 0, ..settings() }), [].into());
}

#[test]
fn what_cannot_be_made_is_tried_later_and_later() {
    let (mut demand, now) = asked(1);
    assert!(demand.may_make(&class(1), now));
    demand.fail(class(1), now);
    assert!(!demand.may_make(&class(1), now) && demand.may_make(&class(1), now + FIRST_PAUSE));
    (0..40).for_each(|_| demand.fail(class(1), now));
    assert!(!demand.may_make(&class(1), now + FIRST_PAUSE * 100));
    demand.learn(class(1), 1);
    assert!(demand.may_make(&class(1), now));
}

#[test]
fn no_more_classes_are_remembered_than_may_be() {
    let (mut demand, now) = asked(2);
    for number in 2..1000 {
        demand.ask(class(number), false, now, &settings());
    }
    assert_eq!(demand.classes().count(), MAX_CLASSES);
    assert!(demand.classes().any(|known| known == class(1)), "it was asked for more often");
}
