//! What a container call asks for, without the bytes of its files.

use serde::{Deserialize, Serialize};

use crate::{ContainerCall, Digest, File, OnFailure, Resources, Source};

/// A file put under the working directory, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedFile {
    /// As the plugin wrote it.
    pub path: String,
    /// Address of its bytes.
    pub sha256: Digest,
    /// Their number; none for an artifact of the run, which tells it itself.
    pub size: Option<u64>,
}

/// A container call without the bytes of its files: what lists and logs look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedCall {
    /// Unique within the step.
    pub name: String,
    /// Logical image name.
    pub image: String,
    /// Argument vector; no shell.
    pub command: Vec<String>,
    /// Environment of the command.
    pub env: Vec<(String, String)>,
    /// Files under the working directory.
    pub files: Vec<PlacedFile>,
    /// Glob patterns of the files to keep.
    pub outputs: Vec<String>,
    /// Glob patterns of files that are not kept although `outputs` asks for them.
    pub excludes: Vec<String>,
    /// Whether files that were put there and left as they were are kept as well.
    pub keep_unchanged: bool,
    /// Bounds asked for.
    pub resources: Resources,
    /// What a failure means to the run.
    pub on_failure: OnFailure,
    /// Equal calls give equal outputs.
    pub deterministic: bool,
}

impl From<&File> for PlacedFile {
    fn from(file: &File) -> Self {
        let path = file.path.clone();
        let inline = |bytes: &[u8]| (Digest::of(bytes), Some(bytes.len() as u64));
        let (sha256, size) = match &file.content {
            Source::Text(text) => inline(text.as_bytes()),
            Source::Bytes(bytes) => inline(bytes),
            Source::Artifact(sha256) => (*sha256, None),
        };
        Self { path, sha256, size }
    }
}

impl From<&ContainerCall> for AskedCall {
    fn from(call: &ContainerCall) -> Self {
        Self {
            name: call.name.clone(),
            image: call.image.clone(),
            command: call.command.clone(),
            env: call.env.clone(),
            files: call.files.iter().map(Into::into).collect(),
            outputs: call.outputs.clone(),
            excludes: call.excludes.clone(),
            keep_unchanged: call.keep_unchanged,
            resources: call.resources,
            on_failure: call.on_failure,
            deterministic: call.deterministic,
        }
    }
}
