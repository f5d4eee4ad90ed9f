//! Uploaded plugins.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use semver::Version;
use simulay_model::{Digest, Plugin, PluginName};

use super::SqliteStore;
use super::rows::{self, parsed, signed, to_json};
use crate::{Added, Plugins, StoreError};

#[async_trait]
impl Plugins for SqliteStore {
    async fn add(&self, plugin: Plugin) -> Result<Added, StoreError> {
        self.write(move |connection| add(connection, &plugin)).await
    }

    async fn version(&self, name: &PluginName, version: &Version) -> Result<Option<Plugin>, StoreError> {
        let (name, version) = (name.clone(), version.clone());
        self.read(move |connection| find(connection, &name, &version)).await
    }

    async fn latest(&self, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        let name = name.clone();
        self.read(move |connection| match highest(active(connection, &name)?) {
            Some(version) => find(connection, &name, &version),
            None => Ok(None),
        })
        .await
    }

    async fn list(&self) -> Result<Vec<Plugin>, StoreError> {
        self.read(list).await
    }

    async fn retire(&self, name: &PluginName, version: &Version, at: Timestamp) -> Result<bool, StoreError> {
        let key = (name.to_string(), version.to_string(), at.to_string());
        self.write(move |connection| {
            let sql =
                "UPDATE plugins SET retired_at = coalesce(retired_at, ?3) WHERE name = ?1 AND version = ?2";
            Ok(connection.execute(sql, key)? > 0)
        })
        .await
    }
}

fn add(connection: &Connection, plugin: &Plugin) -> Result<Added, StoreError> {
    let (name, version) = (&plugin.manifest.name, &plugin.manifest.version);
    match stored_digest(connection, name, version)? {
        None => insert(connection, plugin).map(|()| Added::New),
        Some(sha256) if sha256 == plugin.sha256 => {
            let sql = "UPDATE plugins SET retired_at = NULL WHERE name = ?1 AND version = ?2";
            connection.execute(sql, params![name.as_str(), version.to_string()])?;
            Ok(Added::Known)
        }
        Some(_) => Err(StoreError::VersionExists),
    }
}

fn stored_digest(
    connection: &Connection,
    name: &PluginName,
    version: &Version,
) -> Result<Option<Digest>, StoreError> {
    let sql = "SELECT sha256 FROM plugins WHERE name = ?1 AND version = ?2";
    connection
        .query_row(sql, params![name.as_str(), version.to_string()], |row| Ok(parsed(row, "sha256")))
        .optional()?
        .transpose()
}

fn insert(connection: &Connection, plugin: &Plugin) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO plugins (name, version, sha256, size, manifest, uploaded_at, retired_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            plugin.manifest.name.as_str(),
            plugin.manifest.version.to_string(),
            plugin.sha256.to_string(),
            signed(plugin.size)?,
            to_json(&plugin.manifest)?,
            plugin.uploaded_at.to_string(),
            plugin.retired_at.map(|at| at.to_string()),
        ],
    )?;
    Ok(())
}

fn find(connection: &Connection, name: &PluginName, version: &Version) -> Result<Option<Plugin>, StoreError> {
    connection
        .query_row(rows::PLUGIN, params![name.as_str(), version.to_string()], |row| Ok(rows::plugin(row)))
        .optional()?
        .transpose()
}

/// Versions that are not retired.
fn active(connection: &Connection, name: &PluginName) -> Result<Vec<Version>, StoreError> {
    let sql = "SELECT version FROM plugins WHERE name = ?1 AND retired_at IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then([name.as_str()], |row| parsed(row, "version"))?;
    rows.collect()
}

/// The highest version that is no pre-release; without one, the highest.
fn highest(versions: Vec<Version>) -> Option<Version> {
    versions.into_iter().max_by(|a, b| (a.pre.is_empty(), a).cmp(&(b.pre.is_empty(), b)))
}

fn list(connection: &Connection) -> Result<Vec<Plugin>, StoreError> {
    let sql = "SELECT sha256, size, manifest, uploaded_at, retired_at FROM plugins";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then([], rows::plugin)?;
    let mut plugins = rows.collect::<Result<Vec<_>, _>>()?;
    plugins.sort_by(|a, b| {
        let (a, b) = (&a.manifest, &b.manifest);
        a.name.cmp(&b.name).then_with(|| b.version.cmp(&a.version))
    });
    Ok(plugins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn highest_of(versions: &[&str]) -> Option<String> {
        highest(versions.iter().map(|text| text.parse().unwrap()).collect()).map(|v| v.to_string())
    }

    #[test]
    fn versions_are_numbers_and_releases_come_first() {
        assert_eq!(highest_of(&["1.9.0", "1.10.0", "2.0.0-rc.1"]).as_deref(), Some("1.10.0"));
        assert_eq!(highest_of(&["1.0.0-alpha", "1.0.0-beta"]).as_deref(), Some("1.0.0-beta"));
        assert_eq!(highest_of(&[]), None);
    }
}
