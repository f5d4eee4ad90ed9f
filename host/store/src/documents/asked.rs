//! What a call asks for, without the bytes of its files.

use serde::{Deserialize, Serialize};
use simulay_model::{AskedCall, Digest, OnFailure, PlacedFile, Resources};

use super::call::{StoredOnFailure, StoredResources};

#[derive(Serialize, Deserialize)]
pub struct StoredAskedCall {
    name: String,
    image: String,
    command: Vec<String>,
    env: Vec<(String, String)>,
    files: Vec<StoredPlacedFile>,
    outputs: Vec<String>,
    excludes: Vec<String>,
    keep_unchanged: bool,
    #[serde(with = "StoredResources")]
    resources: Resources,
    #[serde(with = "StoredOnFailure")]
    on_failure: OnFailure,
    deterministic: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredPlacedFile {
    path: String,
    sha256: Digest,
    size: Option<u64>,
}

stored!(AskedCall as StoredAskedCall);

impl From<&AskedCall> for StoredAskedCall {
    fn from(call: &AskedCall) -> Self {
        let AskedCall { name, image, command, env, files, outputs, excludes, .. } = call.clone();
        let AskedCall { keep_unchanged, resources, on_failure, deterministic, .. } = *call;
        Self {
            name,
            image,
            command,
            env,
            files: files.into_iter().map(Into::into).collect(),
            outputs,
            excludes,
            keep_unchanged,
            resources,
            on_failure,
            deterministic,
        }
    }
}

impl From<StoredAskedCall> for AskedCall {
    fn from(call: StoredAskedCall) -> Self {
        Self {
            name: call.name,
            image: call.image,
            command: call.command,
            env: call.env,
            files: call.files.into_iter().map(Into::into).collect(),
            outputs: call.outputs,
            excludes: call.excludes,
            keep_unchanged: call.keep_unchanged,
            resources: call.resources,
            on_failure: call.on_failure,
            deterministic: call.deterministic,
        }
    }
}

impl From<PlacedFile> for StoredPlacedFile {
    fn from(PlacedFile { path, sha256, size }: PlacedFile) -> Self {
        Self { path, sha256, size }
    }
}

impl From<StoredPlacedFile> for PlacedFile {
    fn from(StoredPlacedFile { path, sha256, size }: StoredPlacedFile) -> Self {
        Self { path, sha256, size }
    }
}
