//! Frames between the host and `simulay-init`, as both read them.

use simulay_containers::scripted::Ledger;
use simulay_containers_docker::hear;
use simulay_init::frames::{Decoder, FrameError, JobSpec, Message, Order, Report, decode_all, encode};
use simulay_init::patterns::Patterns;

use crate::bounded;
use crate::sandbox::wait;

/// Takes any bytes as what went over an attachment, and once more as messages, each after one byte that tells
/// its length, to which length and checksum are put right: a checksum keeps a fuzzer from what is behind it.
pub fn frames(bytes: &[u8]) {
    stream(bytes);
    stream(&sealed(bytes));
}

fn stream(bytes: &[u8]) {
    for order in read::<Order>(bytes) {
        if let Order::Begin(job) = order {
            globs(&job);
        }
    }
    read::<Report>(bytes);
    let ledger = Ledger::default();
    // How it ends is its own affair.
    let _end = wait(hear(bytes, &bounded::CALL, &ledger));
    bounded::assert_bounds(&ledger);
}

/// The messages in `bytes`, the same in whatever pieces they arrive, and written as they are read.
fn read<T>(bytes: &[u8]) -> Vec<T>
where
    T: serde::de::DeserializeOwned + serde::Serialize + Message + PartialEq + std::fmt::Debug,
{
    let whole = decode_all::<T>(bytes);
    let mut decoder = Decoder::default();
    let pieces: Vec<Result<T, FrameError>> = bytes.chunks(7).flat_map(|piece| decoder.feed(piece)).collect();
    assert_eq!(whole, pieces);
    let messages: Vec<T> = whole.into_iter().flatten().collect();
    for message in &messages {
        let again = decode_all::<T>(&encode(message).expect("what was read can be written"));
        assert_eq!(again.first().and_then(|message| message.as_ref().ok()), Some(message));
    }
    messages
}

fn globs(job: &JobSpec) {
    if let Ok(patterns) = Patterns::new(&job.outputs) {
        for path in job.outputs.iter().chain(&job.command) {
            let _either = patterns.is_match(path);
        }
    }
}

/// Messages as frames that are whole.
fn sealed(mut bytes: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (message, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        let mut body = message.to_vec();
        body.extend(crc32fast::hash(message).to_le_bytes());
        frames.extend(cobs::encode_vec(&body));
        frames.push(0);
        bytes = rest;
    }
    frames
}
