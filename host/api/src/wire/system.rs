//! The server itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use simulay_engine as engine;
use utoipa::ToSchema;

/// Whether the server lives or takes work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` or `ready`.
    pub status: String,
}

/// Bounds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Bytes of the largest component.
    pub max_component_bytes: u64,
    /// Bytes of the largest input.
    pub max_input_bytes: u64,
    /// Files of an archive of inputs, and as many folders.
    pub max_archive_files: usize,
    /// Bytes of an archive of inputs, as it is sent and when it is unpacked.
    pub max_archive_bytes: u64,
    /// Bytes of the largest JSON body.
    pub max_json_bytes: u64,
    /// Seconds `Prefer: wait` waits at most.
    pub max_wait_s: u64,
    /// The most runs in one page.
    pub max_page: u32,
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Runs accepted and not ended.
    pub unfinished_runs: usize,
    /// Runs at work.
    pub active_runs: usize,
    /// Containers at work.
    pub containers: usize,
}

/// The server: version, bounds, load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct System {
    /// Version of Simulay.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// Bounds of requests.
    pub limits: Limits,
    /// What is going on.
    pub stats: Stats,
    /// The last time that the clock of the machine jumped, since the server started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_jump: Option<ClockJump>,
}

/// A jump of the clock. What is kept ages by the time that passed, not by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockJump {
    /// What the clock said after it.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By how many seconds; back when it is negative.
    pub by_s: i64,
}

impl From<engine::ClockJump> for ClockJump {
    fn from(jump: engine::ClockJump) -> Self {
        Self { at: jump.at, by_s: jump.by.as_secs() }
    }
}

impl From<engine::Stats> for Stats {
    fn from(stats: engine::Stats) -> Self {
        let engine::Stats { unfinished_runs, active_runs, containers, .. } = stats;
        Self { unfinished_runs, active_runs, containers }
    }
}
