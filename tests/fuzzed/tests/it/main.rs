//! Every target over its seeds, and over damaged ones: the same each time, and over in seconds.

#![cfg(test)]

use simulay_fuzzed::{frames, manifest, params, seeds, upload};
use simulay_hostile::Damage;

const SEED: u64 = 0x5eed;

/// Runs a target over its seeds, then over as many damaged ones.
fn run(name: &str, damaged: usize, target: fn(&[u8])) {
    let seeds = seeds::of(name);
    assert!(seeds.len() >= 5, "the seeds of {name}");
    seeds.iter().for_each(|seed| target(seed));
    let (mut rng, mut damage) = (fastrand::Rng::with_seed(SEED), Damage::new(SEED));
    for _ in 0..damaged {
        let seed = rng.choice(&seeds).unwrap();
        target(&damage.damaged(seed));
    }
}

#[test]
fn uploads() {
    run("upload", 1_000, upload);
}

#[test]
fn manifests() {
    run("manifest", 1_000, manifest);
}

#[test]
fn frames_of_both_sides() {
    run("frames", 5_000, frames);
}

#[test]
fn parameters() {
    run("params", 2_000, params);
}
