//! The only place that picks adapters.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use simulay_containers::RegisteredImage;
use simulay_engine::Engine;
use simulay_model::{Run, RunArtifact};
use simulay_sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::configuration::Settings;
use crate::images::Images;

/// Image IDs by logical name.
pub(crate) type ImageIds = BTreeMap<String, String>;

pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) cure: Option<String>,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Severity {
    Ok,
    Warn,
    Fail,
}

pub(crate) struct House {
    pub(crate) engine: Engine,
}

/// The operator's images: those registered in `data`, then those of the settings, which win.
pub(crate) fn image_ids(settings: &Settings, data: &Path) -> anyhow::Result<ImageIds> {
    let registered = Images::read(data)?;
    let mut ids: ImageIds =
        registered.all().iter().map(|(name, image)| (name.clone(), image.id.clone())).collect();
    ids.extend(settings.images.clone());
    Ok(ids)
}

/// What runs plugin code.
pub(crate) fn sandbox() -> anyhow::Result<Arc<dyn Sandbox>> {
    anyhow::bail!("this build carries no sandbox")
}

pub(crate) fn house(_settings: &Settings, _data: &Path, _images: ImageIds) -> anyhow::Result<House> {
    anyhow::bail!("this build carries no adapters")
}

pub(crate) async fn serve(
    _settings: &Settings,
    _engine: Engine,
    _listener: TcpListener,
    _stop: CancellationToken,
) -> anyhow::Result<()> {
    anyhow::bail!("this build carries no adapters")
}

pub(crate) async fn images_for_run(
    _settings: &Settings,
    _named: &[(String, String)],
) -> anyhow::Result<ImageIds> {
    anyhow::bail!("this build carries no adapters")
}

pub(crate) async fn images(_settings: &Settings, _ids: &ImageIds) -> anyhow::Result<Vec<RegisteredImage>> {
    anyhow::bail!("this build carries no adapters")
}

pub(crate) async fn register(
    _settings: &Settings,
    _name: &str,
    _image: &str,
    _init: &[u8],
) -> anyhow::Result<String> {
    anyhow::bail!("this build carries no adapters")
}

pub(crate) async fn preflight(_settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    anyhow::bail!("this build carries no adapters")
}

pub(crate) fn document(run: &Run) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(run)?)
}

pub(crate) fn documents(artifacts: &[RunArtifact]) -> anyhow::Result<Vec<Value>> {
    fn flat(entry: &RunArtifact) -> impl Serialize {
        serde_json::json!({ "kind": entry.kind, "path": entry.artifact.path, "size": entry.artifact.size,
        "media_type": entry.artifact.media_type, "sha256": entry.artifact.sha256 })
    }
    artifacts.iter().map(|entry| Ok(serde_json::to_value(flat(entry))?)).collect()
}
