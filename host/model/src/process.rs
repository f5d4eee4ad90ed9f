//! What processes of a cluster say of themselves, to those who look after all of them.

use serde::{Deserialize, Serialize};

/// What a process that works on runs says of itself. It travels between versions: a field that is not told has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessStatus {
    /// The name of its machine, or of its container.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// Runs at work.
    pub active_runs: u64,
    /// Runs that wait in it for their turn, which are not all that wait.
    pub waiting_runs: u64,
    /// Container calls that have their turn.
    pub containers: u64,
    /// Container calls that wait, for their turn or for room on a node.
    pub waiting_calls: u64,
    /// What it cannot reach.
    pub missing: Vec<MissingPart>,
}

/// What a process cannot reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingPart {
    /// Which part, by its name for programs.
    pub part: String,
    /// Why, in words.
    pub why: String,
}

/// A runner, as whoever asked it knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerStatus {
    /// Where it is.
    pub address: String,
    /// What it says of itself, which is nothing when its version knows no such question; or why it does not answer.
    pub told: Result<Option<ProcessStatus>, String>,
}
