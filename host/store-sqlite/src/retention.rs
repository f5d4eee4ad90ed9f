//! Records that are kept no longer.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use simulay_model::{AccountName, Digest, OwnerFilter, RunId};
use simulay_store::{Left, Retention, StoreError};

use crate::failure::SqlResult;
use crate::rows::{parsed, unsigned};
use crate::store::SqliteStore;
use crate::sweeps;

/// Equal blobs of an account once, and the records of its runs.
const DELETABLE_BYTES: &str = "WITH gone AS MATERIALIZED (SELECT id, owner FROM deletable)
    SELECT owner, sum(bytes) AS bytes FROM
        (SELECT gone.owner AS owner, max(size) AS bytes FROM gone JOIN artifacts ON artifacts.run = gone.id
            GROUP BY gone.owner, sha256
        UNION ALL SELECT gone.owner, coalesce(sum(bytes), 0) FROM gone LEFT JOIN records ON records.run = gone.id
            GROUP BY gone.owner)
    GROUP BY owner";

#[async_trait]
impl Retention for SqliteStore {
    async fn ended(&self, owner: &OwnerFilter, age: Duration, limit: u32) -> Result<Vec<RunId>, StoreError> {
        let (owner, before) = (owner.account().map(AccountName::to_string), self.observed.before(age));
        self.read(move |connection| {
            // Each with its index.
            let whose = if owner.is_some() { "owner = ?3" } else { "?3 IS NULL" };
            let which = "SELECT id FROM deletable WHERE ended_ms <= ?1 AND";
            let sql = [which, whose, "ORDER BY ended_ms, ended_at LIMIT ?2"].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(params![before, limit, owner], |row| parsed(row, "id"))?;
            rows.collect()
        })
        .await
    }

    async fn own_bytes(&self, run: RunId) -> Result<u64, StoreError> {
        let run = run.to_string();
        self.read(move |connection| Ok(own_blobs(connection, &run)? + own_records(connection, &run)?)).await
    }

    async fn freeable(&self) -> Result<u64, StoreError> {
        self.read(|connection| Ok(freeable_blobs(connection)? + freeable_records(connection)?)).await
    }

    async fn deletable_bytes(&self) -> Result<BTreeMap<AccountName, u64>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(DELETABLE_BYTES)?;
            let rows =
                statement.query_and_then([], |row| Ok((parsed(row, "owner")?, unsigned(row, "bytes")?)))?;
            rows.collect()
        })
        .await
    }

    async fn observe(&self, passed: Duration) -> Result<(), StoreError> {
        let now = self.observed.pass(passed);
        self.write("observed", move |connection| {
            connection.prepare_cached("UPDATE observed SET ms = max(ms, ?1)")?.execute([now])?;
            Ok(())
        })
        .await
    }

    async fn delete(&self, run: RunId, at: Timestamp, why: &str) -> Result<(), StoreError> {
        let why = why.to_owned();
        self.write_at_last("run.delete", move |connection| delete(connection, run, at, &why)).await
    }

    async fn let_go(&self, left: Left, age: Duration) -> Result<usize, StoreError> {
        let before = self.observed.before(age);
        self.write_at_last("blob.let_go", move |connection| let_go(connection, left, before)).await
    }

    async fn forget_sweeps(&self, age: Duration) -> Result<usize, StoreError> {
        let before = self.observed.before(age);
        self.write_at_last("sweep.forget", move |connection| sweeps::forget(connection, before)).await
    }

    async fn shown(&self, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = ?1)
                 OR EXISTS (SELECT 1 FROM plugins WHERE sha256 = ?1)
                 OR EXISTS (SELECT 1 FROM sweep_inputs WHERE sha256 = ?1)";
            let mut statement = connection.prepare_cached(sql)?;
            let mut shown = HashSet::new();
            for blob in blobs {
                if statement.query_row([blob.to_string()], |row| row.get(0))? {
                    shown.insert(blob);
                }
            }
            Ok(shown)
        })
        .await
    }
}

/// Bytes of the blobs that only this run shows.
fn own_blobs(connection: &Connection, run: &str) -> SqlResult<u64> {
    let sql = "SELECT coalesce(sum(size), 0) AS bytes FROM
         (SELECT DISTINCT sha256, size FROM artifacts WHERE run = ?1) AS own
         WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE artifacts.sha256 = own.sha256 AND artifacts.run <> ?1)
         AND NOT EXISTS (SELECT 1 FROM plugins WHERE plugins.sha256 = own.sha256)
         AND NOT EXISTS (SELECT 1 FROM sweep_inputs WHERE sweep_inputs.sha256 = own.sha256)";
    connection.prepare_cached(sql)?.query_row([run], |row| Ok(unsigned(row, "bytes")))?
}

fn own_records(connection: &Connection, run: &str) -> SqlResult<u64> {
    let sql = "SELECT coalesce(sum(bytes), 0) AS bytes FROM records WHERE run = ?1";
    connection.prepare_cached(sql)?.query_row([run], |row| Ok(unsigned(row, "bytes")))?
}

/// Bytes of the blobs that nobody shows but runs that may be deleted.
fn freeable_blobs(connection: &Connection) -> SqlResult<u64> {
    let sql = "WITH gone AS MATERIALIZED (SELECT id FROM deletable)
         SELECT coalesce(sum(size), 0) AS bytes FROM
             (SELECT sha256, max(size) AS size FROM artifacts LEFT JOIN gone ON gone.id = run
             GROUP BY sha256 HAVING count(*) = count(gone.id)) AS alone
         WHERE NOT EXISTS (SELECT 1 FROM plugins WHERE plugins.sha256 = alone.sha256)
         AND NOT EXISTS (SELECT 1 FROM sweep_inputs WHERE sweep_inputs.sha256 = alone.sha256)";
    connection.prepare_cached(sql)?.query_row([], |row| Ok(unsigned(row, "bytes")))?
}

fn freeable_records(connection: &Connection) -> SqlResult<u64> {
    let sql = "SELECT coalesce(sum(bytes), 0) AS bytes FROM records WHERE run IN (SELECT id FROM deletable)";
    connection.prepare_cached(sql)?.query_row([], |row| Ok(unsigned(row, "bytes")))?
}

fn delete(connection: &Connection, run: RunId, at: Timestamp, why: &str) -> SqlResult<()> {
    let id = run.to_string();
    let sql = "SELECT ended_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM requests WHERE run = ?1)
         FROM runs WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let may: bool = statement.query_row([&id], |row| row.get(0)).optional()?.ok_or(StoreError::NotFound)?;
    if !may {
        return Err(StoreError::Conflict(format!("the run {run} is still needed")).into());
    }
    let sql =
        "INSERT INTO deletions (run, owner, pipeline, at, why) SELECT id, owner, pipeline, ?2, ?3 FROM runs
         WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, at.to_string(), why])?;
    for sql in [
        "DELETE FROM events WHERE run = ?1",
        "DELETE FROM artifacts WHERE run = ?1",
        "DELETE FROM offers WHERE run = ?1",
        "DELETE FROM calls WHERE run = ?1",
        "DELETE FROM steps WHERE run = ?1",
        "DELETE FROM leases WHERE run = ?1",
        "DELETE FROM requested WHERE run = ?1",
        "DELETE FROM reports WHERE run = ?1",
        "DELETE FROM asked WHERE run = ?1",
        "DELETE FROM tokens WHERE run = ?1",
        "DELETE FROM runs WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([&id])?;
    }
    Ok(())
}

/// The records of calls no longer name the files either, and nobody takes what is not whole any more.
fn let_go(connection: &Connection, left: Left, before: i64) -> SqlResult<usize> {
    let (files, offers, calls) = match left {
        Left::Logs => (
            "DELETE FROM artifacts WHERE kind IN ('stdout', 'stderr')
             AND run IN (SELECT id FROM runs WHERE ended_ms <= ?1)",
            "DELETE FROM offers WHERE (run, step, call_index) IN (SELECT run, step, call_index FROM artifacts
                 WHERE kind IN ('stdout', 'stderr') AND run IN (SELECT id FROM runs WHERE ended_ms <= ?1))",
            "UPDATE calls SET key = NULL,
                 ending = json_remove(ending, '$.result.stdout_log', '$.result.stderr_log')
             WHERE (run, step, call_index) IN (SELECT run, step, call_index FROM artifacts
                 WHERE kind IN ('stdout', 'stderr') AND run IN (SELECT id FROM runs WHERE ended_ms <= ?1))
             AND (ending ->> '$.result.stdout_log' IS NOT NULL OR ending ->> '$.result.stderr_log' IS NOT NULL)",
        ),
        Left::Outputs => (
            "DELETE FROM artifacts WHERE kind = 'output'
             AND run IN (SELECT id FROM runs WHERE ended_ms <= ?1)",
            "DELETE FROM offers WHERE (run, step, call_index) IN (SELECT run, step, call_index FROM artifacts
                 WHERE kind = 'output' AND run IN (SELECT id FROM runs WHERE ended_ms <= ?1))",
            "UPDATE calls SET key = NULL, ending = json_set(ending, '$.result.outputs', json('[]'))
             WHERE (run, step, call_index) IN (SELECT run, step, call_index FROM artifacts
                 WHERE kind = 'output' AND run IN (SELECT id FROM runs WHERE ended_ms <= ?1))
             AND json_array_length(ending, '$.result.outputs') > 0",
        ),
    };
    // The artifacts tell which calls name a file: calls come first.
    connection.prepare_cached(offers)?.execute([before])?;
    connection.prepare_cached(calls)?.execute([before])?;
    Ok(connection.prepare_cached(files)?.execute([before])?)
}
