//! What the caller may say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use simulay_sdk::Resources;

/// Bytes that the file system of a working directory gives a file at a time.
const PAGE: u64 = 4096;
/// Space for what a program writes, unless it says more.
const SCRATCH_MIB: u32 = 64;
/// The most space that a program gets.
pub(crate) const MOST_SCRATCH_MIB: u32 = 1024;

/// A program, what it reads, and what it may use.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// # Program text
    ///
    /// An Octave program. Without it, the uploaded file named by `entry` is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 1_048_576))]
    pub script: Option<String>,
    /// # Start file
    ///
    /// Path of the uploaded Octave file to start with.
    #[schemars(regex(pattern = r"^[^/]+(/[^/]+)*\.m$"), length(max = 255))]
    pub entry: String,
    /// # Parameters
    ///
    /// Handed to the program as the file `params.json`: `p = jsondecode(fileread("params.json"))`.
    #[schemars(with = "Value", extend("type" = "object"))]
    pub params: Map<String, Value>,
    /// # Folders on the path
    ///
    /// Folders of uploaded files that hold functions, e.g. `lib`. Octave finds functions there and in the
    /// working directory, and nowhere below; the first folder named goes before the others.
    #[schemars(length(max = 64), inner(length(min = 1, max = 255), regex(pattern = r"^[^/:]+(/[^/:]+)*$")))]
    pub path: Vec<String>,
    /// # Files to keep
    ///
    /// Glob patterns, relative to the working directory. Of the files that match, those the program made or
    /// changed are kept. A `result.json` that is kept becomes the `result` of the outcome.
    #[schemars(length(max = 64), inner(length(min = 1, max = 255)))]
    pub keep: Vec<String>,
    /// # Time limit
    ///
    /// Wall time of the program.
    #[schemars(range(min = 100, max = 3_600_000), extend("x-unit" = "ms"))]
    pub timeout_ms: u64,
    /// # Memory
    #[schemars(range(min = 64, max = 4096), extend("x-unit" = "MiBy"))]
    pub memory_mib: u32,
    /// # Space for files
    ///
    /// Without it, 64 MiB more than the uploads take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 1024), extend("x-unit" = "MiBy"))]
    pub scratch_mib: Option<u32>,
    /// # Processor share
    ///
    /// Thousandths of a core.
    #[schemars(range(min = 100, max = 4000))]
    pub cpu_milli: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            script: None,
            entry: "main.m".into(),
            params: Map::new(),
            path: Vec::new(),
            keep: vec!["**".to_owned()],
            timeout_ms: 60_000,
            memory_mib: 512,
            scratch_mib: None,
            cpu_milli: 1000,
        }
    }
}

impl Params {
    /// The bounds together, for uploads of these sizes.
    #[must_use]
    pub fn resources(&self, uploads: impl Iterator<Item = u64>) -> Resources {
        let Self { cpu_milli, memory_mib, scratch_mib, timeout_ms, .. } = *self;
        let scratch_mib = scratch_mib.unwrap_or_else(|| room_for(uploads));
        Resources { cpu_milli, memory_mib, scratch_mib, timeout_ms }
    }
}

/// MiB of space for files beside `uploads`, each of which fills whole pages.
fn room_for(uploads: impl Iterator<Item = u64>) -> u32 {
    let bytes = uploads.map(|size| size.next_multiple_of(PAGE)).fold(0, u64::saturating_add);
    u32::try_from(bytes.div_ceil(1 << 20))
        .map_or(MOST_SCRATCH_MIB, |uploads| uploads.saturating_add(SCRATCH_MIB).min(MOST_SCRATCH_MIB))
}
