//! Plugins that the operator offers for upload.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use utoipa::ToSchema;

/// A component in the folder that the operator set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippedPlugin {
    /// The name of its file.
    #[schema(example = "heat_equation.wasm")]
    pub file: String,
    /// Bytes of the component.
    pub size: u64,
    /// SHA-256 of the component.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
}

/// The plugins that the operator offers for upload, by the names of their files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShippedPluginList {
    /// Each of them.
    pub plugins: Vec<ShippedPlugin>,
}
