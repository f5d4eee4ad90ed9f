//! Immutable bytes a run takes in or leaves behind.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::{Digest, RelativePath};

/// A stored byte string under the name it has in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Where it lies below the working directory of a container.
    pub path: RelativePath,
    /// Bytes.
    pub size: u64,
    /// Address of the content.
    pub sha256: Digest,
    /// RFC 6838 media type, chosen by the host from the file name.
    pub media_type: String,
}

/// What an artifact is to its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr)]
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

impl ArtifactKind {
    /// The kind as it is written, e.g. `stdout`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An artifact in the list of its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunArtifact {
    /// What it is to the run.
    pub kind: ArtifactKind,
    /// Step and index of the call that left it; none for inputs and kept files.
    pub origin: Option<(u32, u32)>,
    /// The bytes and their name.
    pub artifact: Artifact,
}

impl RunArtifact {
    /// A file of the run's report.
    #[must_use]
    pub const fn kept(artifact: Artifact) -> Self {
        Self { kind: ArtifactKind::Kept, origin: None, artifact }
    }
}

impl Artifact {
    /// The media type for a file name, by its ending; `application/octet-stream` when unknown.
    /// A closed list of types a browser shows inertly or offers for download.
    #[must_use]
    pub fn media_type_of(name: &str) -> &'static str {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending.to_ascii_lowercase().as_str() {
            "json" => "application/json",
            "csv" => "text/csv",
            "txt" | "log" | "m" | "md" => "text/plain",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "svg" => "image/svg+xml",
            "pdf" => "application/pdf",
            "zip" => "application/zip",
            _ => "application/octet-stream",
        }
    }
}
