//! Images on their way to other machines.

use anyhow::Context as _;
use oci_client::Reference;
use serde_json::json;

use crate::configuration::Settings;
use crate::images::Images;
use crate::terminal::{print_json, say};
use crate::{compose, places};

/// Pushes an image, and notes by what it is pulled.
pub(super) async fn push(
    settings: &Settings,
    name: &str,
    repository: &Reference,
    json: bool,
) -> anyhow::Result<()> {
    let id = id(settings, name)?;
    let pushed = compose::push(settings, &id, repository).await?;
    let data = settings.data()?;
    places::prepare(&data)?;
    Images::change(&data, |images| {
        // One of the settings is noted there; one that was registered anew meanwhile was not pushed.
        if let Some(image) = images.get_mut(name).filter(|image| image.id == id) {
            image.pushed = Some(pushed.clone());
        }
        Ok(())
    })?;
    if json {
        return Ok(print_json(&json!({ "name": name, "id": id, "pushed": pushed }))?);
    }
    say(&format!("{name} is {pushed}\n\nThe settings of every process of the cluster name it so:\n"))?;
    Ok(say(&format!("[images]\n{name} = \"{id}\"\n\n[image_sources]\n{name} = \"{pushed}\""))?)
}

/// Copies an image from one daemon to another.
pub(super) async fn copy(
    settings: &Settings,
    name: &str,
    (from, to): (Option<String>, String),
    json: bool,
) -> anyhow::Result<()> {
    let id = id(settings, name)?;
    let copied = compose::copy(settings, &id, (from.as_deref(), &to)).await?;
    if json {
        return Ok(print_json(&json!({ "name": name, "id": id, "to": to, "copied": copied }))?);
    }
    let what = if copied { "is copied to" } else { "was there already, at" };
    Ok(say(&format!("{name} ({id}) {what} {to}"))?)
}

fn id(settings: &Settings, name: &str) -> anyhow::Result<String> {
    let ids = compose::image_ids(settings, &settings.data()?)?;
    ids.get(name)
        .cloned()
        .with_context(|| format!("no image is registered as {name}; `simulay images list` tells which are"))
}
