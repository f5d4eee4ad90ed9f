//! Runs a target over damaged seeds for so many seconds, where the fuzzer cannot be had:
//! `cargo run -p simulay-fuzzed --example damage -- TARGET SECONDS [SEED]`.

use std::time::{Duration, Instant};

use simulay_fuzzed::{frames, manifest, params, seeds, upload};
use simulay_hostile::Damage;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().unwrap_or_default();
    let mut number = |usual: u64| arguments.next().map_or(Ok(usual), |text| text.parse());
    let (Ok(seconds), Ok(seed)) = (number(60), number(1)) else {
        eprintln!("SECONDS and SEED are numbers");
        return;
    };
    let run: fn(&[u8]) = match target.as_str() {
        "upload" => upload,
        "manifest" => manifest,
        "frames" => frames,
        "params" => params,
        _ => return eprintln!("TARGET is upload, manifest, frames or params"),
    };
    let (seeds, end) = (seeds::of(&target), Instant::now() + Duration::from_secs(seconds));
    let (mut damage, mut count, mut slowest) = (Damage::new(seed), 0_u64, Duration::ZERO);
    while Instant::now() < end {
        for good in &seeds {
            let (damaged, begun) = (damage.damaged(good), Instant::now());
            run(&damaged);
            slowest = slowest.max(begun.elapsed());
            count += 1;
        }
    }
    println!("{target}, seed {seed}: {count} damaged inputs, the slowest took {} ms", slowest.as_millis());
}
