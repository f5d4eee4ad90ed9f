//! What is going on.

/// What is going on, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Runs that wait for their turn in this process, or are at work.
    pub unfinished_runs: usize,
    /// Runs at work.
    pub active_runs: usize,
    /// Containers at work.
    pub containers: usize,
}
