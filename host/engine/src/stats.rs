//! What is going on.

/// What is going on, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Runs that wait for their turn in this process, which are not all that wait, or are at work.
    pub unfinished_runs: usize,
    /// Of these, those that wait.
    pub waiting_runs: usize,
    /// Runs at work.
    pub active_runs: usize,
    /// Containers at work.
    pub containers: usize,
    /// Container calls that wait for their turn.
    pub calls_without_turn: usize,
    /// Container calls that have their turn, and wait for room on a node.
    pub calls_without_node: usize,
    /// Runs that this process leased, since it started.
    pub leases_won: u64,
    /// Runs whose turn had come here, and that another process had by then.
    pub leases_lost: u64,
}
