//! Containers that wait for calls.

use serde::Deserialize;

/// Containers that wait for calls. What is not set follows from the machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pool {
    /// The most that wait; none with 0.
    pub(crate) max_containers: Option<u32>,
    /// The most of one image with equal resources.
    pub(crate) max_per_class: Option<u32>,
    /// MiB that they take together while they wait.
    pub(crate) memory_mib: u64,
    /// Seconds without a call until a class is kept no more.
    pub(crate) idle_seconds: u64,
    /// Seconds until one that waits is replaced.
    pub(crate) max_age_seconds: u64,
}

impl Pool {
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self { idle_seconds: 0, .. } => Err("pool.idle_seconds must be at least 1"),
            Self { max_age_seconds: 0, .. } => Err("pool.max_age_seconds must be at least 1"),
            _ => Ok(()),
        }
    }
}
