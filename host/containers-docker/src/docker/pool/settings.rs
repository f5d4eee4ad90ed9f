//! How many containers may wait.

use std::time::Duration;

/// How many containers may wait, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// The most that wait; with none, every call starts a container of its own.
    pub max_containers: u32,
    /// The most of one class: of one image, with equal memory, scratch space and CPU.
    pub max_per_class: u32,
    /// The most memory that they take together while they wait, bytes.
    pub max_memory_bytes: u64,
    /// A class that no call asked for this long is kept no more.
    pub idle: Duration,
    /// An older one is replaced.
    pub max_age: Duration,
}

impl PoolSettings {
    /// Nothing waits.
    pub const NONE: Self = Self {
        max_containers: 0,
        max_per_class: 0,
        max_memory_bytes: 0,
        idle: Duration::ZERO,
        max_age: Duration::ZERO,
    };
}
