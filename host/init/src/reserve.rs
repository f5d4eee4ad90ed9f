//! What a file system of a container has beyond what its command may use, so that init sees it filled.

/// Bytes.
pub const RESERVE_BYTES: u64 = 8 << 20;
/// Files.
pub const RESERVE_FILES: u64 = 1024;
