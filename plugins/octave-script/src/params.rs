//! What the caller may say.

use serde::Deserialize;
use serde_json::{Map, Value};
use simulay_sdk::Resources;

/// Parameters, as `params.schema.json` describes them.
#[derive(Debug, Clone, Deserialize)]
pub struct Params {
    /// Text of the program; without it, `entry` is run.
    pub script: Option<String>,
    /// Path of the uploaded file to start with.
    pub entry: String,
    /// Handed to the program as `params.json`.
    pub params: Map<String, Value>,
    /// Glob patterns of the files to keep.
    pub keep: Vec<String>,
    /// Bound of wall time.
    pub timeout_ms: u64,
    /// Bound of memory.
    pub memory_mib: u32,
    /// Bound of the working directory.
    pub scratch_mib: u32,
    /// Bound of processor time, thousandths of a core.
    pub cpu_milli: u32,
}

impl Params {
    /// The bounds together.
    #[must_use]
    pub const fn resources(&self) -> Resources {
        let Self { cpu_milli, memory_mib, scratch_mib, timeout_ms, .. } = *self;
        Resources { cpu_milli, memory_mib, scratch_mib, timeout_ms }
    }
}
