//! What a file system of a container has beyond what its command may use, so that init sees it filled before
//! anything is cut. It takes no memory until it is used, and then the run is lost for it anyway.

/// Bytes.
pub const RESERVE_BYTES: u64 = 128 << 20;
/// Files.
pub const RESERVE_FILES: u64 = 16 << 10;
