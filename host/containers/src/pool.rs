//! Containers that wait for a call, as a node tells of them.

use serde::{Deserialize, Serialize};

/// What waits on a node, and what may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolStatus {
    /// The most that wait; 0 where none do.
    pub max_containers: u32,
    /// The most of one class.
    pub max_per_class: u32,
    /// The most memory that they take together while they wait, MiB.
    pub max_memory_mib: u64,
    /// What calls asked for lately.
    pub classes: Vec<WarmClass>,
    /// Those in which calls of one tenant follow each other, that wait for the next.
    #[serde(default)]
    pub forking: u32,
    /// Memory that these take together, bytes, as measured when each was made.
    #[serde(default)]
    pub forking_bytes: u64,
}

/// Containers that are alike until they are given a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmClass {
    /// The logical name of their image.
    pub image: String,
    /// Thousandths of a CPU core that each may use.
    pub cpu_milli: u32,
    /// Memory that each may use in all, MiB.
    pub memory_mib: u64,
    /// Scratch space of each, MiB.
    pub scratch_mib: u32,
    /// Those that wait.
    pub ready: u32,
    /// Of these, those that have a command started ahead.
    #[serde(default)]
    pub booted: u32,
    /// Those that are being made.
    pub in_making: u32,
    /// Memory that each takes while it waits, bytes, as measured last; 0 when none was.
    pub bytes_each: u64,
}
