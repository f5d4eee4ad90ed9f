//! Uploaded plugins.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use semver::Version;
use simulay_model::{
    Digest, OwnerFilter, Plugin, PluginEffects, PluginEvent, PluginLife, PluginName, PluginSummary, Quotas,
    Usage, Visibility,
};
use simulay_store::{Added, Plugins, StoreError};

use crate::failure::SqlResult;
use crate::metering;
use crate::rows::{self, PLUGIN_SUMMARIES, PLUGINS, account, parsed, signed, to_json, unsigned};
use crate::store::SqliteStore;

/// The owner ?2 sees it: any does when NULL, and each what is public when ?3.
const VISIBLE: &str = "(?2 IS NULL OR owner = ?2 OR ?3 AND name IN (SELECT name FROM public_plugins))";

#[async_trait]
impl Plugins for SqliteStore {
    async fn add_within(
        &self,
        plugin: Plugin,
        versions: Option<u64>,
        quotas: &Quotas,
    ) -> Result<Added, StoreError> {
        let (now, quotas) = (self.clock.now(), quotas.clone());
        self.write("plugin.add", move |connection| {
            let used = metering::present_use(connection, &plugin.owner, now)?;
            let added = add(connection, &plugin, versions)?;
            if added == Added::New {
                quotas.admit_plugin(&used, plugin.size, now).map_err(StoreError::from)?;
                metering::count(connection, &plugin.owner, now, Usage::of_upload(plugin.size))?;
            }
            Ok(added)
        })
        .await
    }

    async fn version(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Option<Plugin>, StoreError> {
        let (owner, name, version) = (owner.clone(), name.clone(), version.clone());
        self.read(move |connection| find(connection, &owner, &name, &version)).await
    }

    async fn served(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        let (owner, name) = (owner.clone(), name.clone());
        self.read(move |connection| match highest(active(connection, &name)?) {
            Some(version) => find(connection, &owner, &name, &version),
            None => Ok(None),
        })
        .await
    }

    async fn versions(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Vec<Plugin>, StoreError> {
        let (owner, public, name) = (account(owner), owner.admits_public(), name.clone());
        self.read(move |connection| {
            let sql = [PLUGINS, "WHERE name = ?1 AND", VISIBLE].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(params![name.as_str(), owner, public], rows::plugin)?;
            rows.collect::<Result<_, _>>().map(sorted)
        })
        .await
    }

    async fn list(&self, owner: &OwnerFilter) -> Result<Vec<PluginSummary>, StoreError> {
        let (owner, public) = (account(owner), owner.admits_public());
        self.read(move |connection| {
            // A statement of its own, so that it has its index.
            let which = match (&owner, public) {
                (None, _) => "WHERE ?1 IS NULL",
                (Some(_), false) => "WHERE owner = ?1",
                (Some(_), true) => "WHERE owner = ?1 OR name IN (SELECT name FROM public_plugins)",
            };
            let mut statement = connection.prepare_cached(&[PLUGIN_SUMMARIES, which].join(" "))?;
            let rows = statement.query_and_then([owner], rows::plugin_summary)?;
            let mut plugins: Vec<_> = rows.collect::<Result<_, _>>()?;
            plugins.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| b.version.cmp(&a.version)));
            Ok(plugins)
        })
        .await
    }

    async fn set_visibility(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        visibility: Visibility,
    ) -> Result<(), StoreError> {
        let (owner, name) = (account(owner), name.clone());
        self.write("plugin.visibility", move |connection| {
            let sql = "SELECT 1 FROM plugins WHERE name = ?1 AND (?2 IS NULL OR owner = ?2)";
            if !connection.prepare_cached(sql)?.exists(params![name.as_str(), owner])? {
                return Err(StoreError::NotFound.into());
            }
            let sql = match visibility {
                Visibility::Public => "INSERT INTO public_plugins (name) VALUES (?1) ON CONFLICT DO NOTHING",
                Visibility::Private => "DELETE FROM public_plugins WHERE name = ?1",
            };
            connection.prepare_cached(sql)?.execute([name.as_str()])?;
            Ok(())
        })
        .await
    }

    async fn visibility(&self, name: &PluginName) -> Result<Visibility, StoreError> {
        let name = name.clone();
        self.read(move |connection| {
            let sql = "SELECT 1 FROM public_plugins WHERE name = ?1";
            let public = connection.prepare_cached(sql)?.exists([name.as_str()])?;
            Ok(if public { Visibility::Public } else { Visibility::Private })
        })
        .await
    }

    async fn checking(&self) -> Result<Vec<Plugin>, StoreError> {
        self.read(|connection| {
            let at_work = "examples_check IS NOT NULL AND examples_check ->> 'disagreements' IS NULL";
            let mut statement = connection.prepare_cached(&format!("{PLUGINS} WHERE {at_work}"))?;
            let rows = statement.query_and_then([], rows::plugin)?;
            rows.collect::<Result<_, _>>().map(sorted)
        })
        .await
    }

    async fn commit(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
    ) -> Result<(), StoreError> {
        let (name, version) = (name.clone(), version.clone());
        self.write("plugin.commit", move |connection| commit(connection, &name, &version, &effects)).await
    }

    async fn history(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Vec<PluginEvent>, StoreError> {
        let key = (name.to_string(), version.to_string(), account(owner), owner.admits_public());
        self.read(move |connection| {
            let sql = "SELECT at, kind, account, by FROM plugin_events WHERE name = ?1 AND version = ?2
                 AND EXISTS (SELECT 1 FROM plugins WHERE name = ?1 AND version = ?2 AND (?3 IS NULL OR owner = ?3
                     OR ?4 AND name IN (SELECT name FROM public_plugins)))
                 ORDER BY ordinal";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_and_then(key, rows::plugin_event)?;
            rows.collect()
        })
        .await
    }
}

fn add(connection: &Connection, plugin: &Plugin, versions: Option<u64>) -> SqlResult<Added> {
    let (name, version) = (&plugin.manifest.name, &plugin.manifest.version);
    check_name(connection, plugin)?;
    match stored_digest(connection, name, version)? {
        None => {
            expect_versions(connection, name, versions)?;
            insert(connection, plugin)?;
            tell(connection, name, version, &plugin.uploaded()).map(|()| Added::New)
        }
        Some(sha256) if sha256 == plugin.sha256 => Ok(Added::Known),
        Some(_) => Err(StoreError::VersionExists.into()),
    }
}

/// Refuses a name that another owner has.
fn check_name(connection: &Connection, plugin: &Plugin) -> SqlResult<()> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM plugins WHERE name = ?1 AND owner <> ?2")?;
    let taken = statement.exists([plugin.manifest.name.as_str(), plugin.owner.as_str()])?;
    if taken { Err(StoreError::NameTaken.into()) } else { Ok(()) }
}

fn stored_digest(connection: &Connection, name: &PluginName, version: &Version) -> SqlResult<Option<Digest>> {
    let sql = "SELECT sha256 FROM plugins WHERE name = ?1 AND version = ?2";
    connection
        .query_row(sql, params![name.as_str(), version.to_string()], |row| Ok(parsed(row, "sha256")))
        .optional()?
        .transpose()
}

fn insert(connection: &Connection, plugin: &Plugin) -> SqlResult<()> {
    connection.execute(
        "INSERT INTO plugins (name, version, sha256, size, manifest, contract, tools, uploader,
             uploaded_at, state, approved_at, retired_at, examples_check, revision, owner)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            plugin.manifest.name.as_str(),
            plugin.manifest.version.to_string(),
            plugin.sha256.to_string(),
            signed(plugin.size)?,
            to_json(&plugin.manifest)?,
            plugin.contract.to_string(),
            to_json(&plugin.tools)?,
            plugin.uploader,
            plugin.uploaded_at.to_string(),
            plugin.state.as_str(),
            plugin.approved_at.map(|at| at.to_string()),
            plugin.retired_at.map(|at| at.to_string()),
            plugin.check.as_ref().map(to_json).transpose()?,
            signed(plugin.revision)?,
            plugin.owner.as_str(),
        ],
    )?;
    Ok(())
}

/// Stores `effects`, if the version and all versions are what they were decided on.
pub(crate) fn commit(
    connection: &Connection,
    name: &PluginName,
    version: &Version,
    effects: &PluginEffects,
) -> SqlResult<()> {
    if stored_digest(connection, name, version)?.is_none() {
        return Err(StoreError::NotFound.into());
    }
    expect_versions(connection, name, effects.versions)?;
    advance(connection, name, version, &effects.life)?;
    effects.events.iter().try_for_each(|event| tell(connection, name, version, event))
}

/// Makes `life` that of the version, if its revision follows the one stored.
fn advance(
    connection: &Connection,
    name: &PluginName,
    version: &Version,
    life: &PluginLife,
) -> SqlResult<()> {
    let changed = connection.execute(
        "UPDATE plugins SET state = ?3, approved_at = ?4, retired_at = ?5, examples_check = ?6, revision = ?7
         WHERE name = ?1 AND version = ?2 AND revision = ?7 - 1",
        params![
            name.as_str(),
            version.to_string(),
            life.state.as_str(),
            life.approved_at.map(|at| at.to_string()),
            life.retired_at.map(|at| at.to_string()),
            life.check.as_ref().map(to_json).transpose()?,
            signed(life.revision)?,
        ],
    )?;
    if changed > 0 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// Holds the revision of all versions, as the model counts it, against what a decision was made on.
fn expect_versions(connection: &Connection, name: &PluginName, expected: Option<u64>) -> SqlResult<()> {
    let Some(expected) = expected else { return Ok(()) };
    let sql = "SELECT coalesce(sum(revision + 1), 0) AS revision FROM plugins WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let stored = statement.query_row([name.as_str()], |row| Ok(unsigned(row, "revision")))??;
    if stored == expected { Ok(()) } else { Err(StoreError::Stale.into()) }
}

fn tell(connection: &Connection, name: &PluginName, version: &Version, event: &PluginEvent) -> SqlResult<()> {
    connection.execute(
        "INSERT INTO plugin_events (name, version, at, kind, account, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            name.as_str(),
            version.to_string(),
            event.at.to_string(),
            event.kind.as_str(),
            event.account.as_str(),
            event.by,
        ],
    )?;
    Ok(())
}

fn find(
    connection: &Connection,
    owner: &OwnerFilter,
    name: &PluginName,
    version: &Version,
) -> SqlResult<Option<Plugin>> {
    let sql = [PLUGINS, "WHERE name = ?1 AND version = ?4 AND", VISIBLE].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    let key = params![name.as_str(), account(owner), owner.admits_public(), version.to_string()];
    statement.query_row(key, |row| Ok(rows::plugin(row))).optional()?.transpose()
}

fn active(connection: &Connection, name: &PluginName) -> SqlResult<Vec<Version>> {
    let sql = "SELECT version FROM plugins WHERE name = ?1 AND state = 'active'";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then([name.as_str()], |row| parsed(row, "version"))?;
    rows.collect()
}

/// The highest version that is no pre-release.
fn highest(versions: Vec<Version>) -> Option<Version> {
    versions.into_iter().filter(|version| version.pre.is_empty()).max()
}

fn sorted(mut plugins: Vec<Plugin>) -> Vec<Plugin> {
    plugins.sort_by(|a, b| {
        let (a, b) = (&a.manifest, &b.manifest);
        a.name.cmp(&b.name).then_with(|| b.version.cmp(&a.version))
    });
    plugins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn highest_of(versions: &[&str]) -> Option<String> {
        highest(versions.iter().map(|text| text.parse().unwrap()).collect()).map(|v| v.to_string())
    }

    #[test]
    fn versions_are_numbers_and_only_releases_count() {
        assert_eq!(highest_of(&["1.9.0", "1.10.0", "2.0.0-rc.1"]).as_deref(), Some("1.10.0"));
        assert_eq!(highest_of(&["1.0.0-alpha", "1.0.0-beta"]), None);
        assert_eq!(highest_of(&[]), None);
    }
}
