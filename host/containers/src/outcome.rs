//! What came of a container call.

use serde::{Deserialize, Serialize};
use simulay_model::{Ending, Isolation, Omission};

use crate::ImageId;

/// A command that ran to an end and handed back what it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// How it ended, confirmed by the daemon.
    pub ending: Ending,
    /// Wall time of the command, milliseconds.
    pub wall_ms: u64,
    /// Processor time, milliseconds; none when nobody can tell.
    pub cpu_ms: Option<u64>,
    /// The most memory in use at one moment, bytes; none when nobody can tell.
    pub peak_memory_bytes: Option<u64>,
    /// What was not kept of what it left.
    pub omitted: Omitted,
    /// What kept it from others.
    #[serde(default)]
    pub isolation: Isolation,
    /// The image that it ran in; none when nobody can tell.
    #[serde(default)]
    pub image: Option<ImageId>,
}

impl Completed {
    /// An end of which no more is known.
    #[must_use]
    pub fn new(ending: Ending, wall_ms: u64) -> Self {
        let (omitted, isolation, image) = Default::default();
        Self { ending, wall_ms, cpu_ms: None, peak_memory_bytes: None, omitted, isolation, image }
    }
}

/// What was asked for and not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omitted {
    /// Files, by path.
    pub files: Vec<Omission>,
    /// How many more files.
    pub more_files: u64,
    /// Bytes in the middle of standard output.
    pub stdout: u64,
    /// Bytes in the middle of standard error.
    pub stderr: u64,
}
