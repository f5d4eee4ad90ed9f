//! `simulay plugin pull`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use oci_client::Reference;
use serde_json::json;

use super::{MAX_COMPONENT, read_component};
use crate::fault::Usage;
use crate::registry;
use crate::terminal::{print_json, say};

/// Pulls a component from a registry into a file.
pub(super) async fn pull(from: &Reference, file: Option<PathBuf>, json: bool) -> anyhow::Result<()> {
    let (component, digest) = registry::pull(from, MAX_COMPONENT).await?;
    let file = file.unwrap_or_else(|| usual_file(from));
    tokio::fs::write(&file, &component)
        .await
        .with_context(|| format!("{} cannot be written", file.display()))?;
    if json {
        return Ok(print_json(&json!({ "file": file, "digest": digest, "size": component.len() }))?);
    }
    Ok(say(&format!("{} is {digest}", file.display()))?)
}

/// The bytes of a component in a file, or in a registry.
pub(super) async fn component(place: &Path) -> anyhow::Result<Bytes> {
    match place.to_str().filter(|text| text.starts_with(registry::SCHEME)) {
        Some(text) => {
            let from = registry::address(text).map_err(Usage)?;
            Ok(registry::pull(&from, MAX_COMPONENT).await?.0)
        }
        None => Ok(read_component(place)?),
    }
}

/// The last part of the repository, with `.wasm`.
fn usual_file(from: &Reference) -> PathBuf {
    let name = from.repository().rsplit('/').next().unwrap_or("plugin");
    Path::new(name).with_extension("wasm")
}
