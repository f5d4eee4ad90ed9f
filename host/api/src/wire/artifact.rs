//! Bytes a run takes in or leaves behind.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use strum::Display;
use utoipa::ToSchema;

/// A stored byte string under the name it has in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Artifact {
    /// Path below the working directory of a container.
    #[schema(value_type = String, example = "out/field.csv")]
    pub path: model::RelativePath,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    #[schema(value_type = String)]
    pub sha256: model::Digest,
    /// Media type by the ending of the name, from a closed list.
    #[schema(example = "text/csv")]
    pub media_type: String,
}

/// What an artifact is to its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ArtifactKind {
    /// Given by the caller.
    Input,
    /// Left by a container.
    Output,
    /// A container's standard output.
    Stdout,
    /// A container's standard error.
    Stderr,
    /// Kept by the report.
    Kept,
}

/// An artifact in the list of its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedArtifact {
    /// What it is to the run.
    pub kind: ArtifactKind,
    /// Step of the call that left it; absent for inputs and kept files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// Index of that call in its step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u32>,
    /// The bytes and their name.
    #[serde(flatten)]
    pub artifact: Artifact,
}

/// The artifacts of a run, in the order they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactList {
    /// Each of them.
    pub artifacts: Vec<ListedArtifact>,
}

impl From<model::Artifact> for Artifact {
    fn from(artifact: model::Artifact) -> Self {
        // The name decides, not what a plugin may have claimed.
        let media_type = model::Artifact::media_type_of(artifact.path.file_name()).to_owned();
        Self { path: artifact.path, size: artifact.size, sha256: artifact.sha256, media_type }
    }
}

impl From<model::ArtifactKind> for ArtifactKind {
    fn from(kind: model::ArtifactKind) -> Self {
        match kind {
            model::ArtifactKind::Input => Self::Input,
            model::ArtifactKind::Output => Self::Output,
            model::ArtifactKind::Stdout => Self::Stdout,
            model::ArtifactKind::Stderr => Self::Stderr,
            model::ArtifactKind::Kept => Self::Kept,
        }
    }
}

impl From<model::RunArtifact> for ListedArtifact {
    fn from(listed: model::RunArtifact) -> Self {
        let (step, call) = listed.origin.unzip();
        Self { kind: listed.kind.into(), step, call, artifact: listed.artifact.into() }
    }
}

impl From<Vec<model::RunArtifact>> for ArtifactList {
    fn from(artifacts: Vec<model::RunArtifact>) -> Self {
        Self { artifacts: artifacts.into_iter().map(Into::into).collect() }
    }
}
