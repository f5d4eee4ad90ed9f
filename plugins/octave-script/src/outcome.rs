//! What the caller is told.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What the program left.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What the program wrote to `result.json`; null when it wrote none.
    pub result: Value,
    /// JSON Pointers of the parts of `result` that are too large to show: null stands in their place, and the
    /// file has them. The empty pointer is the whole result.
    pub result_left_out: Vec<String>,
    /// Paths of the kept files, up to 5,000 of them and 512 KiB, as the other lists of this outcome.
    pub files: Vec<String>,
    /// How many further files were kept.
    pub files_more: u64,
    /// Those of the kept files that are images.
    pub figures: Vec<String>,
    /// How many further images there are.
    pub figures_more: u64,
    /// Files that could not be kept, and why.
    pub left_out: Vec<LeftOut>,
    /// How many further files could not be kept.
    pub left_out_more: u64,
    /// The first and last part of what the program printed.
    pub stdout: String,
}

/// A file that could not be kept.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Relative to the working directory.
    pub path: String,
    /// Why it could not be kept.
    pub reason: String,
}
