//! Deeds of `pre-process` that cost the host time, memory or patience.

use std::hint::black_box;

use crate::bindings::exports::simulay::plugin::pipeline::{Failure, Step};
use crate::bindings::simulay::plugin::artifacts;
use crate::bindings::simulay::plugin::log::{Level, write};

const MIB: usize = 1 << 20;

pub(crate) fn step(deed: &str) -> Result<Step, Failure> {
    match deed {
        "spin" => spin(),
        "grow" => grow(),
        "trap" => trap(),
        "dive" => Ok(state(dive(1).to_string())),
        "chatter" => chatter(),
        "shout" => {
            write(Level::Info, &"x".repeat(40 * MIB));
            Ok(state("null".into()))
        }
        "read-on" => read_on(),
        "giant-state" => Ok(state(format!("\"{}\"", "x".repeat(20 * MIB)))),
        "broken-state" => Ok(state("{".into())),
        "deep-state" => Ok(state(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)))),
        "refuse" => Err(Failure::Invalid(("/do".into(), "\u{1b}]0;x\u{7}".into()))),
        _ => Ok(state("null".into())),
    }
}

/// A step without calls.
pub(crate) fn state(state: String) -> Step {
    Step { calls: vec![], state }
}

pub(crate) fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns).wrapping_add(1);
    }
}

pub(crate) fn trap() -> ! {
    #[expect(clippy::panic, reason = "the deed")]
    {
        panic!("mischief")
    }
}

fn grow() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; MIB]);
        black_box(&hoard);
    }
}

fn dive(depth: u64) -> u64 {
    let here = black_box([depth; 16]);
    if depth == u64::MAX { depth } else { dive(depth + 1).wrapping_add(here.iter().sum()) }
}

fn chatter() -> ! {
    loop {
        write(Level::Info, "and another thing");
    }
}

fn read_on() -> ! {
    let unknown = "0".repeat(64);
    loop {
        // Whatever the answer is: the question is the deed.
        let _ = artifacts::read(&unknown, 0, 1);
    }
}
