//! What changes, as the stream of everything tells it.

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use simulay_engine as engine;
use simulay_model as model;
use utoipa::ToSchema;

use super::life::PluginState;
use super::run::RunState;
use super::sweep_point::SweepPoint;
use super::system::Lack;

/// A run, as it is by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunNews {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    pub id: model::RunId,
    /// Where it is.
    pub state: RunState,
    /// What it is a run of.
    #[schema(value_type = String, example = "heat-plate")]
    pub pipeline: model::PluginName,
    /// The version it is on.
    #[schema(value_type = String, example = "1.0.0")]
    pub version: Version,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<model::RunName>,
    /// The point of a sweep that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepPoint>,
    /// When it got there.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<model::RunSummary> for RunNews {
    fn from(run: model::RunSummary) -> Self {
        let at = run.ended_at.or(run.started_at).unwrap_or(run.created_at);
        let model::PluginRef { name, version, .. } = run.plugin;
        let sweep = run.sweep.map(Into::into);
        Self { id: run.id, state: run.state.into(), pipeline: name, version, name: run.name, sweep, at }
    }
}

/// A version of a plugin, as it is by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginNews {
    /// Its name.
    #[schema(value_type = String, example = "heat-plate")]
    pub name: model::PluginName,
    /// Its version.
    #[schema(value_type = String, example = "1.0.0")]
    pub version: Version,
    /// Whether it takes new runs.
    pub state: PluginState,
    /// When it got there.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<model::PluginSummary> for PluginNews {
    fn from(plugin: model::PluginSummary) -> Self {
        let times = [plugin.approved_at, plugin.retired_at].into_iter().flatten();
        let at = times.fold(plugin.uploaded_at, std::cmp::max);
        Self { name: plugin.name, version: plugin.version, state: plugin.state.into(), at }
    }
}

/// How far an upload of a plugin got. It is told once, as it happens; what counts is the answer to the upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadNews {
    /// `X-Request-Id` of the upload, which may be of your choice.
    pub id: String,
    /// What it is, `name@version`, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `received`, then `compiled`, which takes the longest, and in the end `active`, `waiting` or `refused`.
    #[schema(example = "compiled")]
    pub stage: String,
}

impl From<engine::UploadProgress> for UploadNews {
    fn from(progress: engine::UploadProgress) -> Self {
        use engine::UploadStage as Stage;
        let stage = match progress.stage {
            Stage::Received => "received",
            Stage::Compiled => "compiled",
            Stage::Active => "active",
            Stage::Waiting => "waiting",
            Stage::Refused => "refused",
        };
        Self { id: progress.id, name: progress.plugin, stage: stage.to_owned() }
    }
}

/// Whether the server takes work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// It does.
    pub ready: bool,
    /// What it cannot reach; it may take work without some of it.
    pub lacks: Vec<Lack>,
}

impl Readiness {
    pub(crate) fn of(lacks: Vec<engine::Lack>) -> Self {
        Self {
            ready: !lacks.iter().any(|lack| lack.needed),
            lacks: lacks.into_iter().map(Into::into).collect(),
        }
    }
}

/// The stream is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heartbeat {
    /// The time of the server.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}
