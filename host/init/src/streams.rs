//! Reads what the command prints.

use std::io::{ErrorKind, Read};

use simulay_init::frames::{JobSpec, MAX_DATA};

use crate::held::Held;
use crate::processes::Processes;
use crate::record::{Facts, Record};

/// One of the two streams, among the facts.
pub(crate) type Which = fn(&mut Facts) -> &mut Held;

/// How much of a stream is kept, and what happens when more comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    bytes: usize,
    ends: bool,
}

impl Bound {
    pub(crate) fn of(spec: &JobSpec) -> Self {
        let bytes = usize::try_from(spec.max_stream_bytes).unwrap_or(usize::MAX);
        Self { bytes, ends: spec.end_on_stream_limit }
    }
}

/// Keeps the bytes of `pipe` until its end.
pub(crate) fn keep(pipe: impl Read, which: Which, bound: Bound, record: &Record, processes: &Processes) {
    read(pipe, which, bound, record, processes);
    record.change(|facts| which(facts).close());
}

fn read(mut pipe: impl Read, which: Which, bound: Bound, record: &Record, processes: &Processes) {
    let mut buffer = vec![0; MAX_DATA];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                let bytes = buffer.get(..read).unwrap_or_default();
                let total = record.change(|facts| {
                    which(facts).push(bytes, bound.bytes);
                    which(facts).total()
                });
                if bound.ends && total > bound.bytes as u64 {
                    return processes.kill_for_stream_limit();
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
