//! Whether there was room left to write, at any moment.
//!
//! A tmpfs tells nobody that it was full, and a program that does not look at its errors goes on with half a
//! file. So each one is larger than what the command may use by [`RESERVE_BYTES`] and [`RESERVE_FILES`], and
//! is looked at so often that the reserve cannot be filled between two looks, however fast memory is written.
//! What is not seen: room that is refused as a whole, by one `fallocate` or one write past it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use nix::sys::statvfs::{Statvfs, statvfs};
use simulay_init::reserve::{RESERVE_BYTES, RESERVE_FILES};

use crate::hands::Hand;

const PLACES: [&str; 3] = [".", "/tmp", "/dev/shm"];
/// No machine fills memory faster than this, bytes in a millisecond: 8 GB/s.
const BYTES_PER_MS: u64 = 8_000_000;
/// Nor makes more files in a millisecond.
const FILES_PER_MS: u64 = 200;
const LONGEST_MS: u64 = 50;

/// Looks until it is dropped.
pub(crate) struct Watch {
    was_full: Arc<AtomicBool>,
    /// Nothing is ever sent: it ends when this does.
    _until: SyncSender<()>,
}

impl Watch {
    /// Has `hand` begin to look.
    pub(crate) fn start(hand: Hand) -> Self {
        let (until, over) = sync_channel(0);
        let watch = Self { was_full: Arc::default(), _until: until };
        let was_full = Arc::clone(&watch.was_full);
        hand.begin(move || {
            while let Some(pause) = look() {
                if over.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
            was_full.store(true, Ordering::Relaxed);
        });
        watch
    }

    /// True when a place is full or was.
    pub(crate) fn was_full(&self) -> bool {
        self.was_full.load(Ordering::Relaxed) || is_full()
    }
}

/// True when a place is full now.
pub(crate) fn is_full() -> bool {
    look().is_none()
}

/// How long no place can become full; none when one is.
fn look() -> Option<Duration> {
    let spaces = PLACES.iter().filter_map(|place| statvfs(*place).ok());
    let pauses: Option<Vec<u64>> = spaces.map(|space| milliseconds_left(&space)).collect();
    let shortest = pauses?.into_iter().min().unwrap_or(LONGEST_MS);
    Some(Duration::from_millis(shortest.clamp(1, LONGEST_MS)))
}

fn milliseconds_left(space: &Statvfs) -> Option<u64> {
    let free = space.blocks_available().saturating_mul(space.fragment_size());
    // A file system that does not count its files says 0 of 0; one without blocks cannot be filled.
    let bytes = room(space.blocks(), free, RESERVE_BYTES)?;
    let files = room(space.files(), space.files_available(), RESERVE_FILES)?;
    Some((bytes / BYTES_PER_MS).min(files / FILES_PER_MS))
}

/// What is left before the reserve; none when it is touched.
fn room(all: u64, free: u64, reserve: u64) -> Option<u64> {
    if all == 0 { Some(u64::MAX) } else { free.checked_sub(reserve) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_not_for_the_command() {
        assert_eq!(room(100, 60, 10), Some(50));
        assert_eq!(room(100, 10, 10), Some(0));
        assert_eq!(room(100, 9, 10), None);
        assert_eq!(room(0, 0, 10), Some(u64::MAX));
    }
}
