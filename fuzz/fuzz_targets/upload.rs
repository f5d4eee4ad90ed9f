#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use simulay_hostile::Damage;

fuzz_target!(|bytes: &[u8]| simulay_fuzzed::upload(bytes));

// Half of the changes know of sections, so that more of them come past the first check.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let damaged = Damage::new(seed.into()).damaged(&data[..size]);
    let length = damaged.len().min(max_size);
    data[..length].copy_from_slice(&damaged[..length]);
    length
});
