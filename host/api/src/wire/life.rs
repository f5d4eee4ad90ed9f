//! The life of plugins on the wire.

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_model as model;
use strum::Display;
use utoipa::ToSchema;

/// Whether a plugin takes new runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PluginState {
    /// Not yet.
    Pending,
    /// It does.
    Active,
    /// No more.
    Retired,
}

impl From<model::PluginState> for PluginState {
    fn from(state: model::PluginState) -> Self {
        match state {
            model::PluginState::Pending => Self::Pending,
            model::PluginState::Active => Self::Active,
            model::PluginState::Retired => Self::Retired,
        }
    }
}

/// Who sees a plugin, with all its versions, beside its owner and operators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Visibility {
    /// Nobody.
    #[default]
    Private,
    /// Some accounts.
    Shared,
    /// Everybody.
    Public,
}

impl From<&model::Visibility> for Visibility {
    fn from(visibility: &model::Visibility) -> Self {
        match visibility {
            model::Visibility::Private => Self::Private,
            model::Visibility::Shared(_) => Self::Shared,
            model::Visibility::Public => Self::Public,
        }
    }
}

/// What happened to a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginEvent {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What.
    pub kind: PluginEventKind,
    /// The account that did it.
    #[serde(default)]
    #[schema(example = "local")]
    pub account: String,
    /// How the request came; over REST, with the address.
    #[schema(example = "rest from 127.0.0.1")]
    pub by: String,
}

/// What can happen to a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
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

impl From<model::PluginEvent> for PluginEvent {
    fn from(event: model::PluginEvent) -> Self {
        Self { at: event.at, kind: event.kind.into(), account: event.account.into(), by: event.by }
    }
}

impl From<model::PluginEventKind> for PluginEventKind {
    fn from(kind: model::PluginEventKind) -> Self {
        use model::PluginEventKind as Kind;
        match kind {
            Kind::Uploaded => Self::Uploaded,
            Kind::Approved => Self::Approved,
            Kind::Activated => Self::Activated,
            Kind::CheckBegun => Self::CheckBegun,
            Kind::CheckAgreed => Self::CheckAgreed,
            Kind::CheckDisagreed => Self::CheckDisagreed,
            Kind::Retired => Self::Retired,
            Kind::RolledBack => Self::RolledBack,
            Kind::ProcessIsolationGranted => Self::ProcessIsolationGranted,
            Kind::ProcessIsolationWithdrawn => Self::ProcessIsolationWithdrawn,
        }
    }
}

/// A place where an example did not give what it expects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Disagreement {
    /// The example.
    pub example: String,
    /// Its run.
    #[schema(value_type = uuid::Uuid)]
    pub run: model::RunId,
    /// JSON Pointer into the outcome; empty for the whole.
    pub pointer: String,
    /// What is expected there.
    pub expected: Value,
    /// What is there; absent when nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Value>,
    /// By how much two numbers differ, relative to the expected one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_error: Option<f64>,
    /// The same in a sentence.
    pub message: String,
}

impl From<model::Disagreement> for Disagreement {
    fn from(one: model::Disagreement) -> Self {
        let model::Disagreement { example, run, pointer, expected, found, relative_error, message } = one;
        Self { example, run, pointer, expected, found, relative_error, message }
    }
}

/// The newest check of a plugin's examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub begun_at: Timestamp,
    /// True while examples are at work.
    pub running: bool,
    /// Their runs.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub runs: Vec<model::RunId>,
    /// What disagreed.
    pub disagreements: Vec<Disagreement>,
}

impl From<model::Check> for Check {
    fn from(check: model::Check) -> Self {
        Self {
            begun_at: check.begun_at,
            running: check.is_running(),
            runs: check.runs,
            disagreements: check.disagreements.into_iter().flatten().map(Into::into).collect(),
        }
    }
}

/// Something a version asks for beyond another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PermissionIncrease {
    /// E.g. `max_resources.memory_mib`.
    pub what: String,
    /// What the other asks for; null for nothing.
    pub before: Value,
    /// What this one asks for.
    pub now: Value,
}

impl From<model::permissions::PermissionIncrease> for PermissionIncrease {
    fn from(more: model::permissions::PermissionIncrease) -> Self {
        let model::permissions::PermissionIncrease { what, before, now } = more;
        Self { what, before, now }
    }
}

/// A rollback that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RolledBack {
    /// The version that was served; retired now.
    #[schema(value_type = String)]
    pub from: Version,
    /// The version that is served now.
    #[schema(value_type = String)]
    pub to: Version,
}
