//! `simulay plugin list` and `simulay plugin show`.

use anyhow::Context as _;
use simulay_api::wire::PluginList;
use simulay_engine::Selector;

use crate::client::read;
use crate::commands::options::ServerOption;
use crate::render::{self, moment, reference, serving};
use crate::terminal::{Table, print, print_json};

/// Every version of every plugin.
pub(super) async fn all(server: &ServerOption, json: bool) -> anyhow::Result<()> {
    let plugins = server.client()?.plugins().await?;
    if json {
        return Ok(print_json(&plugins)?);
    }
    let PluginList { plugins } = read(&plugins)?;
    let mut table = Table::new(["PLUGIN", "STATE", "TITLE", "UPLOADED", "BY"]);
    // Versions of a plugin stand together.
    for versions in plugins.chunk_by(|one, next| one.name == next.name) {
        let serving = serving(versions);
        for plugin in versions {
            let serves = serving == Some(&plugin.version);
            let state = if serves { String::from("active, serves") } else { plugin.state.to_string() };
            let uploaded = moment(plugin.uploaded_at);
            table.row([&reference(plugin), &state, &plugin.title, &uploaded, &plugin.uploader]);
        }
    }
    Ok(print(&table.text())?)
}

/// A version: that named, or the highest.
pub(super) async fn one(server: &ServerOption, plugin: Selector, json: bool) -> anyhow::Result<()> {
    let client = server.client()?;
    let PluginList { plugins: versions } = read(&client.versions(&plugin.name).await?)?;
    let highest = versions.first().map(|highest| highest.version.clone());
    let version = plugin.version.or(highest).context("the server lists no version of it")?;
    let document = client.plugin(&plugin.name, &version).await?;
    if json {
        return Ok(print_json(&document)?);
    }
    Ok(print(&render::plugin(&read(&document)?, &versions))?)
}
