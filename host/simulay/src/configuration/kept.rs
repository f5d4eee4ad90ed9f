//! What is kept, where, and for how long.

use std::path::PathBuf;

use serde::Deserialize;

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storage {
    /// The data directory; the user's own when none.
    pub(crate) directory: Option<PathBuf>,
    /// Bytes that stay free: new work is refused, work at hand waits.
    pub(crate) min_free_bytes: u64,
}

/// How long things are kept. What is not set is kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// Ended runs, with all they left.
    pub(crate) run_days: Option<u32>,
    /// What the calls of ended runs printed.
    pub(crate) log_days: Option<u32>,
    /// Files the calls of ended runs left.
    pub(crate) output_days: Option<u32>,
    /// Bytes that ended runs alone keep.
    pub(crate) max_bytes: Option<u64>,
    /// Uploads that nothing shows.
    pub(crate) unused_hours: u32,
}
