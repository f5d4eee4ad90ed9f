use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use simulay_model::Digest;

use super::*;
use crate::RegisteredImage;

fn image(name: &str) -> ImageId {
    ImageId::from(Digest::of(name.as_bytes()))
}

fn status(name: &str, cores: u64, images: &[&str]) -> NodeStatus {
    let images = images.iter().map(|name| RegisteredImage {
        name: (*name).to_owned(),
        id: image(name),
        present: true,
        size: None,
        init: None,
        lacking: Vec::new(),
    });
    NodeStatus {
        name: name.to_owned(),
        capacity: room(cores),
        images: images.collect(),
        ..NodeStatus::default()
    }
}

fn room(cores: u64) -> Capacity {
    Capacity { cpu_milli: cores * 1000, memory_mib: cores * 1024 }
}

fn candidate(status: &NodeStatus) -> Candidate<'_> {
    Candidate { status, load: Capacity::default(), siblings: 0, reachable: true, open: true }
}

fn need(cores: u64) -> Need<'static> {
    Need { demand: room(cores), image_name: "octave", image: image("octave") }
}

#[test]
fn the_least_loaded_for_its_size_gets_the_call() {
    let (big, small) = (status("big", 64, &["octave"]), status("small", 4, &["octave"]));
    let big = Candidate { load: room(16), ..candidate(&big) };
    assert_eq!(choose(need(1), &[candidate(&small), big]), Choice::Node(0));
    let small = Candidate { load: room(1), ..candidate(&small) };
    assert_eq!(choose(need(1), &[small, big]), Choice::Node(1));
}

#[test]
fn a_warm_container_goes_before_less_load() {
    let cold = status("cold", 4, &["octave"]);
    let warm =
        NodeStatus { warm: BTreeMap::from([("octave".to_owned(), 1)]), ..status("warm", 4, &["octave"]) };
    let loaded = Candidate { load: room(3), ..candidate(&warm) };
    assert_eq!(choose(need(1), &[candidate(&cold), loaded]), Choice::Node(1));
    let full = Candidate { load: room(4), ..loaded };
    assert_eq!(choose(need(1), &[candidate(&cold), full]), Choice::Node(0));
}

#[test]
fn calls_of_a_step_spread_and_ties_go_by_name() {
    let (a, b) = (status("a", 4, &["octave"]), status("b", 4, &["octave"]));
    assert_eq!(choose(need(1), &[candidate(&b), candidate(&a)]), Choice::Node(1));
    let with_sibling = Candidate { siblings: 1, ..candidate(&a) };
    assert_eq!(choose(need(1), &[candidate(&b), with_sibling]), Choice::Node(0));
}

#[test]
fn why_there_is_no_node_is_told() {
    let (with, without) = (status("with", 4, &["octave"]), status("without", 4, &["freecad"]));
    let other = NodeStatus { images: Vec::new(), ..without.clone() };
    let missing = ["without", "without"].map(str::to_owned).to_vec();
    assert_eq!(choose(need(1), &[candidate(&without), candidate(&other)]), Choice::ImageMissing(missing));
    let full = Candidate { load: room(4), ..candidate(&with) };
    assert_eq!(choose(need(1), &[full, candidate(&without)]), Choice::NoRoom);
    let draining = NodeStatus { draining: true, ..with.clone() };
    assert_eq!(choose(need(1), &[candidate(&draining)]), Choice::NoRoom);
    let silent = Candidate { reachable: false, ..candidate(&with) };
    assert_eq!(choose(need(1), &[silent, candidate(&without)]), Choice::Silent(vec!["with".to_owned()]));
    assert_eq!(choose(need(1), &[]), Choice::Silent(Vec::new()));
}

#[test]
fn an_image_of_the_same_name_is_not_the_same_image() {
    let mut other = status("other", 4, &["octave"]);
    other.images[0].id = image("another");
    assert_eq!(choose(need(1), &[candidate(&other)]), Choice::ImageMissing(vec!["other".to_owned()]));
}

#[test]
fn a_call_that_no_node_is_large_enough_for_gets_a_whole_one() {
    let (busy, free) = (status("busy", 4, &["octave"]), status("free", 4, &["octave"]));
    let busy = Candidate { load: room(1), ..candidate(&busy) };
    assert_eq!(choose(need(64), &[busy, candidate(&free)]), Choice::Node(1));
    assert_eq!(choose(need(64), &[busy]), Choice::NoRoom);
}

#[derive(Debug, Clone)]
struct Drawn {
    status: NodeStatus,
    load: u64,
    siblings: usize,
    reachable: bool,
    open: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.8));
    ("[a-c]", 0..8u64, 0..8u64, 0..3usize, flags, 0..2u32).prop_map(
        |(name, cores, load, siblings, (reachable, open, draining, has), warm)| {
            let status = status(&name, cores, if has { &["octave"] } else { &[] });
            let warm = BTreeMap::from([("octave".to_owned(), warm)]);
            Drawn { status: NodeStatus { draining, warm, ..status }, load, siblings, reachable, open }
        },
    )
}

proptest! {
    #[test]
    fn only_a_node_that_can_do_it_is_chosen_and_one_is_if_one_can(drawn in vec(drawn(), 0..6), cores in 1..6u64) {
        let candidates: Vec<_> = drawn.iter().map(|drawn| Candidate {
            status: &drawn.status,
            load: room(drawn.load),
            siblings: drawn.siblings,
            reachable: drawn.reachable,
            open: drawn.open,
        }).collect();
        let able = |drawn: &&Drawn| {
            let asked = room(cores).min(drawn.status.capacity).plus(room(drawn.load));
            let fits = asked.fits(drawn.status.capacity)
                // A node that has nothing gives nothing to a call that asks for nothing of it.
                || drawn.status.capacity == room(0);
            drawn.reachable && drawn.open && !drawn.status.draining && fits
                && drawn.status.has("octave", image("octave"))
        };
        match choose(need(cores), &candidates) {
            Choice::Node(index) => {
                prop_assert!(able(&&drawn[index]), "{index}");
                let warm = |drawn: &Drawn| drawn.status.warm["octave"] > 0;
                let any_warm = drawn.iter().filter(able).any(warm);
                prop_assert!(warm(&drawn[index]) || !any_warm);
            }
            _ => prop_assert!(!drawn.iter().any(|drawn| able(&drawn))),
        }
    }

    #[test]
    fn equal_nodes_share_equal_calls(nodes in 1..6usize, calls in 0..24usize) {
        let names: Vec<String> = (0..nodes).map(|index| format!("n{index}")).collect();
        let statuses: Vec<_> = names.iter().map(|name| status(name, 100, &["octave"])).collect();
        let mut counts = vec![0u64; nodes];
        for _ in 0..calls {
            let with = |(status, count): (_, &u64)| Candidate { load: room(*count), ..candidate(status) };
            let candidates: Vec<_> = statuses.iter().zip(&counts).map(with).collect();
            let Choice::Node(index) = choose(need(1), &candidates) else { panic!("there is room") };
            counts[index] += 1;
        }
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        prop_assert!(most - least <= 1, "{counts:?}");
    }
}
