//! Bounds of the engine, set by the operator.

use std::time::Duration;

use crate::PluginPolicy;

/// How much the engine does at once, and how long it lets things take.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Runs accepted and not ended; one more is refused with [`crate::CreateError::QueueFull`].
    pub max_unfinished_runs: usize,
    /// Runs at work at once.
    pub max_active_runs: usize,
    /// Containers at work at once.
    pub max_containers: usize,
    /// Containers of one run at work at once.
    pub max_containers_per_run: usize,
    /// Steps of one run.
    pub max_steps: u32,
    /// Attempts at one container call that the platform, not the simulation, broke.
    pub max_attempts: u32,
    /// Time a run may take from its start to its end.
    pub max_run_time: Duration,
    /// Bytes of the head and of the tail of a stream that `post-process` is shown.
    pub stream_excerpt: usize,
    /// What the operator decides about plugins.
    pub plugins: PluginPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            max_unfinished_runs: 10_000,
            max_active_runs: 64,
            max_containers: 2 * cores,
            max_containers_per_run: 2 * cores,
            max_steps: 100,
            max_attempts: 3,
            max_run_time: Duration::from_secs(24 * 3600),
            stream_excerpt: 32 * 1024,
            plugins: PluginPolicy::default(),
        }
    }
}
