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
use crate::filter::{self, Filter};
use crate::metering;
use crate::rows::{self, PLUGIN_SUMMARIES, PLUGINS, parsed, signed, to_json, unsigned};
use crate::sharing;
use crate::store::SqliteStore;

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
        let (filter, name, version) = (Filter::from(owner), name.clone(), version.clone());
        self.read(move |connection| find(connection, &filter, &name, &version)).await
    }

    async fn served(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        let (filter, name) = (Filter::from(owner), name.clone());
        self.read(move |connection| {
            // Both looks see one moment: the version may be retired between them.
            let moment = connection.unchecked_transaction()?;
            match highest(active(&moment, &name)?) {
                Some(version) => find(&moment, &filter, &name, &version),
                None => Ok(None),
            }
        })
        .await
    }

    async fn versions(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Vec<Plugin>, StoreError> {
        let (filter, name) = (Filter::from(owner), name.to_string());
        self.read(move |connection| {
            let sql = [PLUGINS, "WHERE name = :name AND", filter::PLUGINS].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let values = filter.and(&[(":shared", &filter.shared), (":name", &name)]);
            let rows = statement.query_and_then(&*values, rows::plugin)?;
            rows.collect::<Result<_, _>>().map(sorted)
        })
        .await
    }

    async fn list(&self, owner: &OwnerFilter) -> Result<Vec<PluginSummary>, StoreError> {
        let filter = Filter::from(owner);
        self.read(move |connection| {
            // A statement of its own, so that it has its index.
            let which = match (&filter.owner, filter.shared) {
                (None, _) => ":owner IS NULL",
                (Some(_), false) => "owner = :owner",
                (Some(_), true) => sharing::OWN_OR_SHARED,
            };
            let scope = "AND (:pipeline IS NULL OR name = :pipeline) AND :within IS NULL";
            let sql = [PLUGIN_SUMMARIES, "WHERE", which, scope].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(&*filter.and(&[]), rows::plugin_summary)?;
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
        let (filter, name) = (Filter::from(owner), name.to_string());
        self.write("plugin.visibility", move |connection| {
            sharing::set(connection, &filter, &name, &visibility)
        })
        .await
    }

    async fn visibility(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Visibility, StoreError> {
        let (filter, name) = (Filter::from(owner), name.to_string());
        self.read(move |connection| sharing::find(&*connection.unchecked_transaction()?, &filter, &name))
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
        let (filter, name, version) = (Filter::from(owner), name.to_string(), version.to_string());
        self.read(move |connection| {
            let sql =
                "SELECT at, kind, account, by FROM plugin_events WHERE name = :name AND version = :version
                 AND EXISTS (SELECT 1 FROM plugins WHERE name = :name AND version = :version AND";
            let sql = [sql, filter::PLUGINS, ") ORDER BY ordinal"].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let values = filter.and(&[(":shared", &filter.shared), (":name", &name), (":version", &version)]);
            let rows = statement.query_and_then(&*values, rows::plugin_event)?;
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

pub(crate) fn insert(connection: &Connection, plugin: &Plugin) -> SqlResult<()> {
    connection.execute(
        "INSERT INTO plugins (name, version, sha256, size, manifest, contract, tools, uploader,
             uploaded_at, state, approved_at, retired_at, examples_check, revision, owner, uploaded_by, isolation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
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
            plugin.uploaded_by.as_str(),
            plugin.isolation.as_str(),
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
        "UPDATE plugins SET state = ?3, approved_at = ?4, retired_at = ?5, examples_check = ?6, revision = ?7,
             isolation = ?8
         WHERE name = ?1 AND version = ?2 AND revision = ?7 - 1",
        params![
            name.as_str(),
            version.to_string(),
            life.state.as_str(),
            life.approved_at.map(|at| at.to_string()),
            life.retired_at.map(|at| at.to_string()),
            life.check.as_ref().map(to_json).transpose()?,
            signed(life.revision)?,
            life.isolation.as_str(),
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

pub(crate) fn tell(
    connection: &Connection,
    name: &PluginName,
    version: &Version,
    event: &PluginEvent,
) -> SqlResult<()> {
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
    filter: &Filter,
    name: &PluginName,
    version: &Version,
) -> SqlResult<Option<Plugin>> {
    let sql = [PLUGINS, "WHERE name = :name AND version = :version AND", filter::PLUGINS].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    let (name, version) = (name.as_str(), version.to_string());
    let values = filter.and(&[(":shared", &filter.shared), (":name", &name), (":version", &version)]);
    statement.query_row(&*values, |row| Ok(rows::plugin(row))).optional()?.transpose()
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
