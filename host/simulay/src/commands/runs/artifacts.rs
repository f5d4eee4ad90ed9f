//! `simulay runs artifacts`.

use clap::Args;
use serde_json::json;
use simulay_api::wire::ArtifactList;
use simulay_model::RunId;

use crate::client::{Client, read};
use crate::commands::download::{OutOptions, save};
use crate::placement::Listed;
use crate::render;
use crate::terminal::{print, print_json, say};

/// The artifacts of a run.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Run.
    id: RunId,
    #[command(flatten)]
    out: OutOptions,
}

/// Lists the artifacts, or saves them.
pub(super) async fn execute(client: &Client, arguments: Arguments, json: bool) -> anyhow::Result<()> {
    let Arguments { id, out } = arguments;
    let document = client.get(&format!("/v1/runs/{id}/artifacts")).await?;
    if json && out.out.is_none() {
        return Ok(print_json(&document)?);
    }
    let ArtifactList { artifacts } = read(&document)?;
    let Some(folder) = out.out else {
        return Ok(print(&render::artifacts(&artifacts))?);
    };
    let listed: Vec<Listed> = artifacts.into_iter().map(Listed::from).collect();
    let saved = save(&folder, out.force, listed, async |entry| {
        client.bytes(&format!("/v1/runs/{id}/artifacts/{}", entry.sha256)).await
    })
    .await?;
    let shown = folder.display().to_string();
    if json {
        print_json(&json!({ "saved": saved, "out": shown }))?
    } else {
        say(&format!("{saved} files in {shown}"))?
    }
    Ok(())
}
