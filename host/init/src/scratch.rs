//! Whether there was room left to write.

use nix::sys::statvfs::{Statvfs, statvfs};

/// Less than this is nothing: a page is the least a tmpfs gives.
const LEAST_FREE: u64 = 64 * 1024;

/// The working directory or `/tmp` has no space or no file left.
pub(crate) fn is_full() -> bool {
    [".", "/tmp"].iter().any(|place| statvfs(*place).is_ok_and(|space| lacks_room(&space)))
}

fn lacks_room(space: &Statvfs) -> bool {
    let free = space.blocks_available().saturating_mul(space.fragment_size());
    // A file system that does not count its files says 0 of 0; one without blocks cannot be filled.
    (space.blocks() > 0 && free < LEAST_FREE) || (space.files() > 0 && space.files_available() == 0)
}
