//! `simulay plugin list` and `simulay plugin show`.

use anyhow::Context as _;
use semver::Version;
use serde_json::Value;
use simulay_engine::Selector;

use crate::commands::options::ServerOption;
use crate::render::{self, at, list, moment, reference, serving};
use crate::terminal::{Table, print, print_json};

/// Every version of every plugin.
pub(super) async fn all(server: &ServerOption, json: bool) -> anyhow::Result<()> {
    let plugins = server.client()?.plugins().await?;
    if json {
        return Ok(print_json(&plugins)?);
    }
    let mut table = Table::new(["PLUGIN", "STATE", "TITLE", "UPLOADED", "BY"]);
    // Versions of a plugin stand together.
    for versions in list(&plugins, "plugins").chunk_by(|one, next| at(one, "/name") == at(next, "/name")) {
        let serving = serving(versions);
        for plugin in versions {
            let serves = serving.as_deref() == Some(&at(plugin, "/version"));
            let state = if serves { String::from("active, serves") } else { at(plugin, "/state") };
            table.row([
                &reference(plugin),
                &state,
                &at(plugin, "/title"),
                &moment(plugin, "/uploaded_at"),
                &at(plugin, "/uploader"),
            ]);
        }
    }
    Ok(print(&table.text())?)
}

/// A version: that named, or the highest.
pub(super) async fn one(server: &ServerOption, plugin: Selector, json: bool) -> anyhow::Result<()> {
    let client = server.client()?;
    let versions = client.versions(&plugin.name).await?;
    let version = match plugin.version {
        Some(version) => version,
        None => highest(&versions).context("the server lists no version of it")?,
    };
    let document = client.plugin(&plugin.name, &version).await?;
    if json {
        return Ok(print_json(&document)?);
    }
    Ok(print(&render::plugin(&document, list(&versions, "plugins")))?)
}

fn highest(versions: &Value) -> Option<Version> {
    list(versions, "plugins").first().and_then(|first| at(first, "/version").parse().ok())
}
