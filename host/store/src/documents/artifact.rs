//! Artifacts: the inputs of a run, and part of other documents.

use serde::{Deserialize, Serialize};
use simulay_model::{Artifact, Digest, RelativePath};

#[derive(Serialize, Deserialize)]
pub struct StoredArtifact {
    path: RelativePath,
    size: u64,
    sha256: Digest,
    media_type: String,
}

stored!(Artifact as StoredArtifact);

impl From<&Artifact> for StoredArtifact {
    fn from(artifact: &Artifact) -> Self {
        let Artifact { path, size, sha256, media_type } = artifact.clone();
        Self { path, size, sha256, media_type }
    }
}

impl From<StoredArtifact> for Artifact {
    fn from(artifact: StoredArtifact) -> Self {
        let StoredArtifact { path, size, sha256, media_type } = artifact;
        Self { path, size, sha256, media_type }
    }
}
