//! Records that are kept no longer.

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use simulay_model::{Digest, RunId};

use super::SqliteStore;
use super::rows::{parsed, unsigned};
use crate::{Left, Retention, StoreError};

#[async_trait]
impl Retention for SqliteStore {
    async fn ended(&self, before: Timestamp, limit: u32) -> Result<Vec<RunId>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT id FROM runs WHERE ended_at IS NOT NULL AND ended_at < ?1
                 AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.run = runs.id)
                 ORDER BY ended_at LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows =
                statement.query_and_then(params![before.to_string(), limit], |row| parsed(row, "id"))?;
            rows.collect()
        })
        .await
    }

    async fn own_bytes(&self, run: RunId) -> Result<u64, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT coalesce(sum(size), 0) AS bytes FROM
                 (SELECT DISTINCT sha256, size FROM artifacts WHERE run = ?1) AS own
                 WHERE NOT EXISTS
                 (SELECT 1 FROM artifacts WHERE artifacts.sha256 = own.sha256 AND artifacts.run <> ?1)";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([run.to_string()], |row| Ok(unsigned(row, "bytes")))?
        })
        .await
    }

    async fn delete(&self, run: RunId, at: Timestamp, why: &str) -> Result<(), StoreError> {
        let why = why.to_owned();
        self.write("run.delete", move |connection| delete(connection, run, at, &why)).await
    }

    async fn let_go(&self, left: Left, before: Timestamp) -> Result<usize, StoreError> {
        self.write("blob.let_go", move |connection| let_go(connection, left, before)).await
    }

    async fn shown(&self, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = ?1)
                 OR EXISTS (SELECT 1 FROM plugins WHERE sha256 = ?1)";
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

fn delete(connection: &Connection, run: RunId, at: Timestamp, why: &str) -> Result<(), StoreError> {
    let id = run.to_string();
    let sql = "SELECT ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM requests WHERE run = ?1)
         FROM runs WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let may: bool = statement.query_row([&id], |row| row.get(0)).optional()?.ok_or(StoreError::NotFound)?;
    if !may {
        return Err(StoreError::Conflict(format!("the run {run} is still needed")));
    }
    let sql =
        "INSERT INTO deletions (run, pipeline, at, why) SELECT id, pipeline, ?2, ?3 FROM runs WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, at.to_string(), why])?;
    for sql in [
        "DELETE FROM events WHERE run = ?1",
        "DELETE FROM artifacts WHERE run = ?1",
        "DELETE FROM calls WHERE run = ?1",
        "DELETE FROM steps WHERE run = ?1",
        "DELETE FROM leases WHERE run = ?1",
        "DELETE FROM runs WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([&id])?;
    }
    Ok(())
}

/// The records of calls no longer name the files either.
fn let_go(connection: &Connection, left: Left, before: Timestamp) -> Result<usize, StoreError> {
    let (files, calls) = match left {
        Left::Logs => (
            "DELETE FROM artifacts WHERE kind IN ('stdout', 'stderr')
             AND run IN (SELECT id FROM runs WHERE ended_at < ?1)",
            "UPDATE calls SET ending = json_remove(ending, '$.result.stdout_log', '$.result.stderr_log')
             WHERE (run, step, place) IN (SELECT run, step, place FROM artifacts
                 WHERE kind IN ('stdout', 'stderr') AND run IN (SELECT id FROM runs WHERE ended_at < ?1))
             AND (ending ->> '$.result.stdout_log' IS NOT NULL OR ending ->> '$.result.stderr_log' IS NOT NULL)",
        ),
        Left::Outputs => (
            "DELETE FROM artifacts WHERE kind = 'output'
             AND run IN (SELECT id FROM runs WHERE ended_at < ?1)",
            "UPDATE calls SET ending = json_set(ending, '$.result.outputs', json('[]'))
             WHERE (run, step, place) IN (SELECT run, step, place FROM artifacts
                 WHERE kind = 'output' AND run IN (SELECT id FROM runs WHERE ended_at < ?1))
             AND json_array_length(ending, '$.result.outputs') > 0",
        ),
    };
    let before = before.to_string();
    // The artifacts tell which calls name a file: calls come first.
    connection.prepare_cached(calls)?.execute([&before])?;
    Ok(connection.prepare_cached(files)?.execute([&before])?)
}
