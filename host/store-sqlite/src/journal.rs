//! What happened to runs, read back.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_model::{CallRecord, Event, RunArtifact, RunId, Step};
use simulay_store::{Journal, StoreError};

use crate::failure::SqlResult;
use crate::rows::{self, json, optional_json};
use crate::store::SqliteStore;

/// Bytes of data after which a page of events ends.
const PAGE_BYTES: usize = 64 << 10;

#[async_trait]
impl Journal for SqliteStore {
    async fn step(&self, run: RunId, step: u32) -> Result<Option<Step>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT plan FROM steps WHERE run = ?1 AND step = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let plan = statement.query_row(params![run.to_string(), step], |row| Ok(json(row, "plan")));
            plan.optional()?.transpose()
        })
        .await
    }

    async fn calls(&self, run: RunId) -> Result<Vec<CallRecord>, StoreError> {
        self.read(move |connection| calls(connection, run)).await
    }

    async fn call(&self, run: RunId, step: u32, index: u32) -> Result<Option<CallRecord>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT * FROM newest_calls WHERE run = ?1 AND step = ?2 AND place = ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let values = params![run.to_string(), step, index];
            statement.query_row(values, |row| Ok(call_record(row))).optional()?.transpose()
        })
        .await
    }

    async fn artifacts(&self, run: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT kind, step, place, path, size, sha256, media_type FROM artifacts
                 WHERE run = ?1 ORDER BY ordinal";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_and_then([run.to_string()], rows::artifact)?;
            rows.collect()
        })
        .await
    }

    async fn events(&self, run: RunId, after: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let sql = "SELECT sequence, at, kind, data FROM events WHERE run = ?1 AND sequence > ?2
                 ORDER BY sequence LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![run.to_string(), after, limit])?;
            let (mut events, mut bytes) = (Vec::new(), 0);
            while bytes < PAGE_BYTES
                && let Some(row) = rows.next()?
            {
                bytes += row.get_ref("data")?.as_bytes_or_null().ok().flatten().map_or(0, <[u8]>::len);
                events.push(rows::event(run, row)?);
            }
            Ok(events)
        })
        .await
    }
}

fn calls(connection: &Connection, run: RunId) -> SqlResult<Vec<CallRecord>> {
    let sql = "SELECT * FROM newest_calls WHERE run = ?1 ORDER BY step, place";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then([run.to_string()], call_record)?;
    rows.collect()
}

fn call_record(row: &Row<'_>) -> SqlResult<CallRecord> {
    let (step, index) = (row.get("step")?, row.get("place")?);
    let call = optional_json(row, "call")?.ok_or_else(|| {
        StoreError::Corrupt(format!("what call {index} of step {step} asks for is missing"))
    })?;
    Ok(CallRecord {
        step,
        index,
        attempt: row.get("attempt")?,
        call,
        started: row.get("started")?,
        end: optional_json(row, "ending")?,
    })
}
