//! `simulay runs artifacts`.

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use simulay_model::RunId;

use crate::client::Client;
use crate::commands::download::{OutOptions, save};
use crate::placement::Listed;
use crate::render::{self, list};
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
    let entries = list(&document, "artifacts");
    let Some(folder) = out.out else {
        if json {
            print_json(&document)?
        } else {
            print(&render::artifacts(entries))?
        }
        return Ok(());
    };
    let listed: Vec<Listed> = entries.iter().map(listed).collect::<anyhow::Result<_>>()?;
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

/// An artifact as the server lists it. What the server says is checked like anything from outside.
fn listed(entry: &Value) -> anyhow::Result<Listed> {
    let field = |name: &str| entry.get(name).cloned().unwrap_or(Value::Null);
    let number =
        |name: &str| entry.get(name).and_then(Value::as_u64).and_then(|number| number.try_into().ok());
    let strange = "the server lists an artifact this command does not understand";
    Ok(Listed {
        kind: serde_json::from_value(field("kind")).context(strange)?,
        origin: number("step").zip(number("call")),
        path: serde_json::from_value(field("path")).context(strange)?,
        sha256: serde_json::from_value(field("sha256")).context(strange)?,
    })
}
