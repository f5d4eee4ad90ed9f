//! What changed, by the numbers that triggers give.

use async_trait::async_trait;
use rusqlite::{Connection, ToSql};
use simulay_model::{OwnerFilter, PluginSummary, RunSummary};
use simulay_store::{Changed, Changes, Ends, Place, StoreError};

use crate::failure::SqlResult;
use crate::filter::{self, Filter};
use crate::rows;
use crate::store::SqliteStore;

const ENDS: &str = "SELECT epoch,
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'run_changes'), 0) AS runs,
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'plugin_changes'), 0) AS plugins
    FROM change_epoch";

#[async_trait]
impl Changes for SqliteStore {
    async fn ends(&self) -> Result<Ends, StoreError> {
        self.read(|connection| {
            let ends = connection.prepare_cached(ENDS)?.query_row([], |row| {
                Ok(Ends { epoch: row.get("epoch")?, runs: row.get("runs")?, plugins: row.get("plugins")? })
            })?;
            Ok(ends)
        })
        .await
    }

    async fn changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<RunSummary>>, StoreError> {
        let (filter, after) = (Filter::from(owner), after.at);
        self.read(move |connection| changed_runs(connection, &filter, after, limit)).await
    }

    async fn count_changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        most: usize,
    ) -> Result<usize, StoreError> {
        let (filter, after) = (Filter::from(owner), after.at);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let (which, values) = which_runs(&filter, &[(":after", &after), (":most", &most)]);
            let found = ["SELECT 1 FROM runs", JOINED_RUNS, &which, "LIMIT :most"].join(" ");
            let sql = ["SELECT count(*) AS count FROM (", &found, ")"].concat();
            let count = connection
                .prepare_cached(&sql)?
                .query_row(values.as_slice(), |row| Ok(rows::unsigned(row, "count")))??;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        })
        .await
    }

    async fn changed_plugins(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<PluginSummary>>, StoreError> {
        let (filter, after) = (Filter::from(owner), after.at);
        self.read(move |connection| changed_plugins(connection, &filter, after, limit)).await
    }
}

const JOINED_RUNS: &str = "JOIN run_changes ON changed_run = id WHERE sequence > :after";
const JOINED_PLUGINS: &str = "JOIN plugin_changes ON changed_plugin = name AND changed_version = version
    WHERE sequence > :after AND";

/// The conditions of `filter`, only those that matter, so that they have their index; and all values.
fn which_runs<'a>(
    filter: &'a Filter,
    others: &[(&'static str, &'a dyn ToSql)],
) -> (String, Vec<(&'static str, &'a dyn ToSql)>) {
    let (mut which, mut values) = (String::new(), others.to_vec());
    for (clause, name, value) in [
        (" AND whose = :owner", ":owner", &filter.owner),
        (" AND pipeline = :pipeline", ":pipeline", &filter.pipeline),
        (" AND id = :within", ":within", &filter.within),
    ] {
        if let Some(value) = value {
            which.push_str(clause);
            values.push((name, value));
        }
    }
    (which, values)
}

fn changed_runs(
    connection: &Connection,
    filter: &Filter,
    after: i64,
    limit: u32,
) -> SqlResult<Vec<Changed<RunSummary>>> {
    let (which, values) = which_runs(filter, &[(":after", &after), (":limit", &limit)]);
    let select = numbered(rows::SUMMARY);
    let sql = [select.as_str(), "FROM runs", JOINED_RUNS, &which, "ORDER BY sequence LIMIT :limit"].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(values.as_slice())?;
    let mut changed = Vec::new();
    while let Some(row) = found.next()? {
        let place = place(row.get("sequence")?);
        changed.extend(rows::sound(row, rows::summary).map(|now| Changed { place, now }));
    }
    Ok(changed)
}

fn changed_plugins(
    connection: &Connection,
    filter: &Filter,
    after: i64,
    limit: u32,
) -> SqlResult<Vec<Changed<PluginSummary>>> {
    let select = numbered(rows::PLUGIN_SUMMARIES);
    let sql = [select.as_str(), JOINED_PLUGINS, filter::PLUGINS, "ORDER BY sequence LIMIT :limit"].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    let values = filter.and(&[(":shared", &filter.shared), (":after", &after), (":limit", &limit)]);
    let found = statement.query_and_then(&*values, |row| {
        Ok(Changed { place: place(row.get("sequence")?), now: rows::plugin_summary(row)? })
    })?;
    found.collect()
}

/// The same columns, and the number of the last change.
fn numbered(select: &str) -> String {
    select.replacen("SELECT", "SELECT sequence,", 1)
}

const fn place(at: i64) -> Place {
    Place { at, id: String::new() }
}

/// Has the numbers be those of another order: who followed the one that was copied goes on nowhere.
pub(crate) fn begin_anew(connection: &Connection) -> SqlResult<()> {
    let known = "SELECT 1 FROM sqlite_master WHERE name = 'change_epoch'";
    if connection.prepare(known)?.exists([])? {
        connection.execute("UPDATE change_epoch SET epoch = lower(hex(randomblob(8)))", [])?;
    }
    Ok(())
}
