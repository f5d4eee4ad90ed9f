//! Files that runs are given.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use simulay_archives::{Contents, Packed};
use simulay_model as model;
use utoipa::ToSchema;

use super::call::Omission;

/// An uploaded file under the name it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name for the plugin: a relative path.
    #[schema(value_type = String, example = "mesh.csv")]
    pub path: model::RelativePath,
    /// The bytes.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
    /// How many they are; checked when it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// An input that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InputStored {
    /// What a run names it by.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
    /// Bytes.
    pub size: u64,
}

/// What was in an archive of inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unpacked {
    /// The files, as a request for a run takes them.
    pub inputs: Vec<Input>,
    /// What is in the archive and was not taken; at most 100 of them.
    pub left_out: Vec<Omission>,
    /// How much more was not taken.
    pub left_out_more: u64,
}

/// Inputs that are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// SHA-256 of each.
    #[schema(value_type = Vec<String>)]
    pub sha256: BTreeSet<model::Digest>,
}

/// Inputs that are not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Missing {
    /// SHA-256 of each, without repetition.
    #[schema(value_type = Vec<String>)]
    pub missing: Vec<model::Digest>,
}

impl From<Contents> for Unpacked {
    fn from(contents: Contents) -> Self {
        let input = |Packed { path, sha256, size }| Input { path, sha256, size: Some(size) };
        Self {
            inputs: contents.files.into_iter().map(input).collect(),
            left_out: contents.left_out.into_iter().map(Into::into).collect(),
            left_out_more: contents.left_out_more,
        }
    }
}
