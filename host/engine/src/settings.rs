//! Bounds of the engine, set by the operator.

use std::time::Duration;

use simulay_containers::Capacity;
use simulay_identity::GroupRoles;
use simulay_model::Quotas;

use crate::{Backoff, PluginPolicy, RetentionRules, ReuseAmong};

/// How much the engine does at once, and how long it lets things take.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who leases runs: another name for each process that shares the database.
    pub lease_holder: String,
    /// Other processes work on the runs, and have the containers.
    pub runs_elsewhere: bool,
    /// Time after which a run of a host that is silent goes on elsewhere.
    pub lease: Duration,
    /// Runs accepted and not ended; one more is refused with [`crate::CreateError::QueueFull`].
    pub max_unfinished_runs: usize,
    /// What each account may use, unless something else is said of it.
    pub quotas: Quotas,
    /// Bytes of the trees that JSON documents of requests and reports are parsed into, together.
    pub max_parsed_bytes: u64,
    /// Runs at work at once.
    pub max_active_runs: usize,
    /// Runs of one pipeline of one owner that wait in this process; the others wait in the store.
    pub max_waiting_per_flow: usize,
    /// Containers at work at once.
    pub max_containers: usize,
    /// Percent of these places, and of the memory for containers, that only pipelines get that have nothing
    /// at work.
    pub newcomer_percent: u8,
    /// Containers of one run at work at once.
    pub max_containers_per_run: usize,
    /// What containers leave of the node.
    pub reserve: Capacity,
    /// Steps of one run.
    pub max_steps: u32,
    /// Attempts at one container call that the platform, not the simulation, broke.
    pub max_attempts: u32,
    /// The most that a request may ask for: attempts at a call whose command failed, after the first.
    pub max_retries: u32,
    /// Points of one sweep.
    pub max_sweep_points: u32,
    /// Inputs of one run.
    pub max_inputs: usize,
    /// Pauses before another attempt.
    pub backoff: Backoff,
    /// The longest active time of a run; waiting for a turn does not count.
    pub max_run_time: Duration,
    /// Time that runs at work get to end when the host stops; then they are left to its next start.
    pub drain: Duration,
    /// Bytes of the head and of the tail of a stream that `post-process` is shown.
    pub stream_excerpt: usize,
    /// Threads on which documents are checked against schemas; without any, whoever asks does it.
    pub check_threads: usize,
    /// Bytes that stay free in the data directory: new work is refused, work at hand waits.
    pub min_free_bytes: u64,
    /// Whose results calls take that are equal to earlier ones.
    pub reuse: ReuseAmong,
    /// How long things are kept.
    pub retention: RetentionRules,
    /// What the operator decides about plugins.
    pub plugins: PluginPolicy,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// What the groups that a provider of identities tells let somebody do.
    pub group_roles: GroupRoles,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            lease_holder: "host".to_owned(),
            runs_elsewhere: false,
            lease: Duration::from_secs(20),
            max_unfinished_runs: 10_000,
            quotas: Quotas::default(),
            max_parsed_bytes: 192 << 20,
            max_active_runs: 64,
            max_waiting_per_flow: 64,
            // One is for newcomers.
            max_containers: 2 * cores + 1,
            newcomer_percent: 12,
            max_containers_per_run: 2 * cores,
            reserve: Capacity { cpu_milli: 0, memory_mib: 512 },
            max_steps: 100,
            max_attempts: 3,
            max_retries: 10,
            max_sweep_points: 10_000,
            max_inputs: 10_000,
            backoff: Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(30) },
            max_run_time: Duration::from_secs(24 * 3600),
            drain: Duration::ZERO,
            stream_excerpt: 32 * 1024,
            // One core stays for everything else.
            check_threads: cores.saturating_sub(1).max(1),
            min_free_bytes: 512 << 20,
            reuse: ReuseAmong::Account,
            retention: RetentionRules::default(),
            plugins: PluginPolicy::default(),
            session_lifetime: Duration::from_secs(12 * 3600),
            group_roles: GroupRoles::default(),
        }
    }
}
