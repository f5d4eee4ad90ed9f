//! Where a plugin is in its life, and how it got there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr};

use crate::{AccountName, RunId};

/// Whether a plugin takes new runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", parse_err_ty = String, parse_err_fn = unknown)]
pub enum PluginState {
    /// Not yet: what it asks for is to be approved, or it is to be activated.
    Pending,
    /// It does.
    Active,
    /// No more.
    Retired,
}

impl PluginState {
    /// The state as it is written, e.g. `pending`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Who sees a plugin, beside its owner and operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Nobody.
    Private,
    /// These accounts.
    Shared(BTreeSet<AccountName>),
    /// Everybody.
    Public,
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not a state of a plugin")
}

/// A check of a plugin's examples, before it is activated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// When it began.
    pub begun_at: Timestamp,
    /// A run for each example, in their order.
    pub runs: Vec<RunId>,
    /// What disagreed, once all runs have ended; nothing when all agreed.
    pub disagreements: Option<Vec<Disagreement>>,
}

impl Check {
    /// True while its examples are at work.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.disagreements.is_none()
    }
}

/// A place where an example did not give what it expects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Disagreement {
    /// The example.
    pub example: String,
    /// Its run.
    pub run: RunId,
    /// JSON Pointer into the outcome; empty for the whole.
    pub pointer: String,
    /// What is expected there.
    pub expected: Value,
    /// What is there, `None` when nothing is.
    pub found: Option<Value>,
    /// By how much two numbers differ, relative to the expected one.
    pub relative_error: Option<f64>,
    /// The same in a sentence; also what ended the run when it did not succeed.
    pub message: String,
}

/// What happened to a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: PluginEventKind,
    /// Who did it.
    pub account: AccountName,
    /// How the request came, e.g. `rest from 127.0.0.1`; `host` when nobody asked.
    pub by: String,
}

/// What can happen to a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PluginEventKind {
    /// It came.
    Uploaded,
    /// What it asks for was granted.
    Approved,
    /// It takes new runs.
    Activated,
    /// Its examples are being run.
    CheckBegun,
    /// Its examples gave what they expect.
    CheckAgreed,
    /// An example gave something else.
    CheckDisagreed,
    /// It takes no new runs.
    Retired,
    /// It takes no new runs, and the version before serves its pipeline.
    RolledBack,
    /// Its calls may follow each other in a container, each a process of its own.
    ProcessIsolationGranted,
    /// Each of its calls has a container of its own again.
    ProcessIsolationWithdrawn,
}

impl PluginEventKind {
    /// The kind as it is written, e.g. `check_begun`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
