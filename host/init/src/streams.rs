//! Reads what the command prints.

use std::io::{ErrorKind, Read};

use simulay_init::frames::MAX_DATA;

use crate::held::Held;
use crate::processes::Processes;
use crate::record::{Facts, Record};

/// One of the two streams, among the facts.
pub(crate) type Which = fn(&mut Facts) -> &mut Held;

/// Keeps the bytes of `pipe` until its end. More than `limit` end the command.
pub(crate) fn keep(mut pipe: impl Read, which: Which, limit: u64, record: &Record, processes: &Processes) {
    let mut buffer = vec![0; MAX_DATA];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                let bytes = buffer.get(..read).unwrap_or_default();
                if !record.change(|facts| push(which(facts), bytes, limit)) {
                    return processes.kill_for_stream_limit();
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Whether all of `bytes` are within the limit.
fn push(held: &mut Held, bytes: &[u8], limit: u64) -> bool {
    let room = usize::try_from(limit.saturating_sub(held.len())).unwrap_or(usize::MAX);
    held.push(bytes.get(..room).unwrap_or(bytes));
    bytes.len() <= room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_kept_to_the_byte() {
        let mut held = Held::default();
        assert!(push(&mut held, b"abc", 5));
        assert!(push(&mut held, b"de", 5));
        assert!(!push(&mut held, b"f", 5));
        assert_eq!(held.from(0), b"abcde");
        let mut held = Held::default();
        assert!(!push(&mut held, b"abcdef", 5));
        assert_eq!(held.from(0), b"abcde");
    }
}
