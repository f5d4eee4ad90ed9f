//! Container calls, part of the plan of a step. The bytes of their files may be many: they are borrowed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use simulay_model::{ContainerCall, Digest, File, OnFailure, Resources, Source};

use super::bytes;

#[derive(Serialize, Deserialize)]
pub struct StoredCall<'a> {
    name: String,
    image: String,
    command: Vec<String>,
    env: Vec<(String, String)>,
    files: Vec<StoredFile<'a>>,
    outputs: Vec<String>,
    #[serde(default)]
    excludes: Vec<String>,
    #[serde(default = "yes")]
    keep_unchanged: bool,
    #[serde(with = "StoredResources")]
    resources: Resources,
    #[serde(with = "StoredOnFailure")]
    on_failure: OnFailure,
    deterministic: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Serialize, Deserialize)]
struct StoredFile<'a> {
    path: Cow<'a, str>,
    content: StoredSource<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoredSource<'a> {
    Text(Cow<'a, str>),
    Bytes(#[serde(with = "bytes")] Cow<'a, [u8]>),
    Artifact(Digest),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OnFailure", rename_all = "snake_case")]
pub(super) enum StoredOnFailure {
    FailRun,
    Report,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Resources")]
pub(super) struct StoredResources {
    cpu_milli: u32,
    memory_mib: u32,
    scratch_mib: u32,
    timeout_ms: u64,
}

impl<'a> From<&'a ContainerCall> for StoredCall<'a> {
    fn from(call: &'a ContainerCall) -> Self {
        let ContainerCall { name, image, command, env, files, outputs, excludes, .. } = call;
        let ContainerCall { keep_unchanged, resources, on_failure, deterministic, .. } = *call;
        Self {
            name: name.clone(),
            image: image.clone(),
            command: command.clone(),
            env: env.clone(),
            files: files.iter().map(Into::into).collect(),
            outputs: outputs.clone(),
            excludes: excludes.clone(),
            keep_unchanged,
            resources,
            on_failure,
            deterministic,
        }
    }
}

impl From<StoredCall<'_>> for ContainerCall {
    fn from(call: StoredCall<'_>) -> Self {
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

impl<'a> From<&'a File> for StoredFile<'a> {
    fn from(File { path, content }: &'a File) -> Self {
        Self { path: Cow::Borrowed(path), content: content.into() }
    }
}

impl From<StoredFile<'_>> for File {
    fn from(StoredFile { path, content }: StoredFile<'_>) -> Self {
        Self { path: path.into_owned(), content: content.into() }
    }
}

impl<'a> From<&'a Source> for StoredSource<'a> {
    fn from(source: &'a Source) -> Self {
        match source {
            Source::Text(text) => Self::Text(Cow::Borrowed(text)),
            Source::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            Source::Artifact(sha256) => Self::Artifact(*sha256),
        }
    }
}

impl From<StoredSource<'_>> for Source {
    fn from(source: StoredSource<'_>) -> Self {
        match source {
            StoredSource::Text(text) => Self::Text(text.into_owned()),
            StoredSource::Bytes(bytes) => Self::Bytes(bytes.into_owned()),
            StoredSource::Artifact(sha256) => Self::Artifact(sha256),
        }
    }
}
