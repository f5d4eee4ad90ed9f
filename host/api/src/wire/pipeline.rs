//! Pipelines: what plugins offer.

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use simulay_model as model;
use utoipa::ToSchema;

use super::plugin::Manifest;

/// A pipeline in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PipelineSummary {
    /// Name.
    #[schema(value_type = String, example = "heat-plate")]
    pub name: model::PluginName,
    /// The version a new run gets.
    #[schema(value_type = String, example = "1.0.0")]
    pub version: Version,
    /// One line.
    pub title: String,
}

/// The pipelines that take new runs, by name; of each the latest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PipelineList {
    /// Each of them.
    pub pipelines: Vec<PipelineSummary>,
}

/// A version of a pipeline: all a caller needs to write a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pipeline {
    /// What it says of itself.
    #[serde(flatten)]
    pub manifest: Manifest,
    /// SHA-256 of the plugin behind it.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
    /// When it was retired; it takes no new runs since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Timestamp>,
}

impl From<model::PluginSummary> for PipelineSummary {
    fn from(plugin: model::PluginSummary) -> Self {
        let model::PluginSummary { name, version, title, .. } = plugin;
        Self { name, version, title }
    }
}

impl From<model::Plugin> for Pipeline {
    fn from(plugin: model::Plugin) -> Self {
        Self { manifest: plugin.manifest.into(), sha256: plugin.sha256, retired_at: plugin.retired_at }
    }
}
