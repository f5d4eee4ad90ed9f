//! `simulay plugin push`.

use std::path::Path;

use oci_client::Reference;
use serde_json::json;

use super::read_component;
use crate::terminal::{print_json, say};
use crate::{compose, registry};

/// Checks a component and pushes it to a registry.
pub(super) async fn push(file: &Path, to: &Reference, json: bool) -> anyhow::Result<()> {
    let component = read_component(file)?;
    let plugin = compose::inspector().await?.inspect(component.as_ref().into()).await?.manifest;
    let digest = registry::push(to, component).await?;
    let pinned = format!("oci://{}/{}@{digest}", to.registry(), to.repository());
    if json {
        let (name, version) = (plugin.name, plugin.version);
        return Ok(print_json(
            &json!({ "name": name, "version": version, "digest": digest, "address": pinned }),
        )?);
    }
    Ok(say(&format!("{}@{} is {pinned}", plugin.name, plugin.version))?)
}
