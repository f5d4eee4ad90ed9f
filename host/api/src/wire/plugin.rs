//! Plugins: what was uploaded.

use std::collections::BTreeSet;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_engine::PluginDetails;
use simulay_model as model;
use utoipa::ToSchema;

use super::call::Resources;
use super::isolation::Isolation;
use super::life::{Check, PermissionIncrease, PluginEvent, PluginState, Visibility};

/// An image a plugin needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeclaredImage {
    /// Logical name.
    #[schema(example = "octave")]
    pub name: String,
    /// Why it is needed.
    pub purpose: String,
}

/// A worked case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Example {
    /// What it is called.
    pub name: String,
    /// Parameters.
    pub params: Value,
    /// Expected subset of the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Value>,
    /// Relative tolerance for numbers in `expect`.
    pub tolerance: f64,
}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// Name of the pipeline.
    #[schema(value_type = String, example = "heat-plate")]
    pub name: model::PluginName,
    /// Semantic version.
    #[schema(value_type = String, example = "1.0.0")]
    pub version: Version,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
    /// JSON Schema 2020-12 of the parameters; `x-unit` gives a UCUM unit.
    pub params_schema: Value,
    /// JSON Schema 2020-12 of the outcome.
    pub result_schema: Value,
    /// Images its calls may name.
    pub images: Vec<DeclaredImage>,
    /// The most one container call asks for.
    pub max_resources: Resources,
    /// The most container calls in one step.
    pub max_parallel: u32,
    /// Worked cases.
    pub examples: Vec<Example>,
}

/// A plugin version in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginSummary {
    /// Name.
    #[schema(value_type = String, example = "heat-plate")]
    pub name: model::PluginName,
    /// Version.
    #[schema(value_type = String, example = "1.0.0")]
    pub version: Version,
    /// One line.
    pub title: String,
    /// SHA-256 of the component.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
    /// Bytes of the component.
    pub size: u64,
    /// Whether it takes new runs.
    pub state: PluginState,
    /// The account it belongs to, with all versions of its name.
    #[serde(default)]
    #[schema(example = "local")]
    pub owner: String,
    /// How it came; over REST, with the address.
    #[schema(example = "rest from 127.0.0.1")]
    pub uploader: String,
    /// When what it asks for was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub approved_at: Option<Timestamp>,
    /// When it was uploaded.
    #[schema(value_type = String, format = DateTime)]
    pub uploaded_at: Timestamp,
    /// When it was retired; no new runs since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Timestamp>,
}

/// Plugin versions, by name and then from the highest version down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginList {
    /// Each version.
    pub plugins: Vec<PluginSummary>,
}

/// A program that took part in making a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tool {
    /// `language`, `processed-by` or `sdk`.
    #[schema(example = "processed-by")]
    pub role: String,
    /// Name.
    #[schema(example = "rustc")]
    pub name: String,
    /// Version as the tool wrote it.
    pub version: String,
}

/// A plugin version: what it says of itself, what it may do here, where it comes from, and what
/// happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plugin {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: PluginSummary,
    /// Who sees it beside its owner and operators.
    #[serde(default)]
    pub visibility: Visibility,
    /// The accounts that it is shared with; told to its owner and operators.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub shared_with: BTreeSet<model::AccountName>,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The version of the contract it was built against.
    #[schema(value_type = String)]
    pub contract: Version,
    /// What it was made with, as it says; nothing vouches for it.
    pub tools: Vec<Tool>,
    /// The approved version it is compared with; absent when it is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "1.0.0")]
    pub compared_with: Option<Version>,
    /// What it asks for beyond that version; everything when it is the first.
    pub asks_more: Vec<PermissionIncrease>,
    /// What that version asks for beyond it.
    pub asks_less: Vec<PermissionIncrease>,
    /// The most one of its containers gets here.
    pub granted: Resources,
    /// What keeps its calls from each other, as an operator says.
    #[serde(default)]
    pub isolation: Isolation,
    /// What is otherwise than it asks: bounds lowered, images not registered.
    pub warnings: Vec<String>,
    /// The newest check of its examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// What happened to it, in order.
    pub history: Vec<PluginEvent>,
}

impl From<model::Tool> for Tool {
    fn from(tool: model::Tool) -> Self {
        let model::Tool { role, name, version } = tool;
        Self { role, name, version }
    }
}

impl From<model::Manifest> for Manifest {
    fn from(manifest: model::Manifest) -> Self {
        let image = |image: model::Image| DeclaredImage { name: image.name, purpose: image.purpose };
        Self {
            name: manifest.name,
            version: manifest.version,
            title: manifest.title,
            description: manifest.description,
            params_schema: manifest.params_schema,
            result_schema: manifest.result_schema,
            images: manifest.images.into_iter().map(image).collect(),
            max_resources: manifest.max_resources.into(),
            max_parallel: manifest.max_parallel,
            examples: manifest.examples.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<model::Example> for Example {
    fn from(example: model::Example) -> Self {
        let model::Example { name, params, expect, tolerance } = example;
        Self { name, params, expect, tolerance }
    }
}

impl From<model::PluginSummary> for PluginSummary {
    fn from(plugin: model::PluginSummary) -> Self {
        Self {
            name: plugin.name,
            version: plugin.version,
            title: plugin.title,
            sha256: plugin.sha256,
            size: plugin.size,
            state: plugin.state.into(),
            owner: plugin.owner.into(),
            uploader: plugin.uploader,
            approved_at: plugin.approved_at,
            uploaded_at: plugin.uploaded_at,
            retired_at: plugin.retired_at,
        }
    }
}

impl From<PluginDetails> for Plugin {
    fn from(details: PluginDetails) -> Self {
        let warnings = warnings(&details);
        let PluginDetails {
            plugin, visibility, compared_with, asks_more, asks_less, granted, history, ..
        } = details;
        Self {
            summary: plugin.summary().into(),
            visibility: (&visibility).into(),
            shared_with: shared_with(visibility),
            contract: plugin.contract,
            tools: plugin.tools.into_iter().map(Into::into).collect(),
            compared_with,
            asks_more: asks_more.into_iter().map(Into::into).collect(),
            asks_less: asks_less.into_iter().map(Into::into).collect(),
            granted: granted.into(),
            isolation: plugin.isolation.into(),
            warnings,
            check: plugin.check.map(Into::into),
            manifest: plugin.manifest.into(),
            history: history.into_iter().map(Into::into).collect(),
        }
    }
}

fn shared_with(visibility: model::Visibility) -> BTreeSet<model::AccountName> {
    match visibility {
        model::Visibility::Shared(accounts) => accounts,
        model::Visibility::Private | model::Visibility::Public => BTreeSet::new(),
    }
}

fn warnings(details: &PluginDetails) -> Vec<String> {
    let lowered = details.lowered.iter().map(|one| {
        format!("`{}` is lowered by the operator: {} asked, {} granted", one.what, one.asked, one.granted)
    });
    let images = details.unknown_images.iter().map(|name| {
        format!(
            "no image is registered as `{name}`, and no run can begin before it is: \
             `simulay images register {name} IMAGE`, then restart the server"
        )
    });
    lowered.chain(images).collect()
}

impl FromIterator<model::PluginSummary> for PluginList {
    fn from_iter<I: IntoIterator<Item = model::PluginSummary>>(plugins: I) -> Self {
        Self { plugins: plugins.into_iter().map(Into::into).collect() }
    }
}
