//! What can be wrong with a plugin. None of these is ever the host's fault, unless it says so.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use simulay_model::ManifestError;

/// Why an upload is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum InspectError {
    /// Not a WebAssembly component: what it is instead and what to do.
    #[error("{0}")]
    InvalidComponent(String),
    /// Larger or deeper than allowed: which limit.
    #[error("{0}")]
    TooComplex(String),
    /// The compiler took more time than allowed; the limit in seconds.
    #[error("the component does not compile within {0} s")]
    CompileTimeout(u64),
    /// The compiler took more memory than allowed; the limit in bytes.
    #[error("the component does not compile within {} MiB of memory", .0 >> 20)]
    CompileMemory(u64),
    /// Imports what this host does not offer: the imports.
    #[error("the component imports {}, which this host does not offer", .0.join(", "))]
    UnknownImport(Vec<String>),
    /// Exports are missing or of another shape: which.
    #[error("{0}")]
    WorldMismatch(String),
    /// `describe` did not answer in time.
    #[error("`describe` did not answer within its time")]
    DescribeTimeout,
    /// `describe` trapped or broke another limit: how.
    #[error("`describe` failed: {0}")]
    DescribeFailed(CallError),
    /// The process that worked on it died.
    #[error("the process that worked on the component died; it is damaged or hostile")]
    WorkerCrashed,
    /// The manifest breaks a rule; names the field.
    #[error("manifest field `{}`: {}", .0.field, .0.rule)]
    Manifest(ManifestError),
    /// The manifest is over its bound in bytes.
    #[error("the manifest has more than {0} bytes")]
    ManifestTooLarge(u64),
    /// A fault of the host.
    #[error("the sandbox failed: {0}")]
    Host(String),
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CallError {
    /// The code trapped: how.
    #[error("the plugin trapped: {0}")]
    Trap(String),
    /// Its time is used up; the limit in milliseconds.
    #[error("the plugin used more than {0} ms")]
    CpuLimit(u64),
    /// Its memory is used up; the limit in bytes.
    #[error("the plugin used more than {0} bytes of memory")]
    MemoryLimit(u64),
    /// It asked the host for more than a call may: what.
    #[error("the plugin asked the host for too much: {0}")]
    HostcallLimit(String),
    /// Its answer has more bytes or entries than allowed: which limit.
    #[error("the plugin's answer is too large: {0}")]
    ResultTooLarge(String),
    /// Its answer breaks the contract: field and rule.
    #[error("the plugin's answer is wrong: `{field}`: {rule}")]
    ResultInvalid {
        /// Field, e.g. `state`.
        field: String,
        /// The rule, in words.
        rule: String,
    },
    /// The process that ran it died.
    #[error("the process that ran the plugin died")]
    WorkerCrashed,
    /// A fault of the host.
    #[error("the sandbox failed: {0}")]
    Host(String),
}

impl CallError {
    /// The CPU time `limit` is used up.
    #[must_use]
    pub fn out_of_time(limit: Duration) -> Self {
        Self::CpuLimit(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
    }
}
