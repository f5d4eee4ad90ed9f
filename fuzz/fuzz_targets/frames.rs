#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| simulay_fuzzed::frames(bytes));
