//! What happened to runs, read back.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_model::{CallRecord, Event, OwnerFilter, RunArtifact, RunId, Step};
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

    async fn calls(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<CallRecord>, StoreError> {
        let owner = rows::account(owner);
        self.read(move |connection| calls(connection, owner, run)).await
    }

    async fn call(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        step: u32,
        index: u32,
    ) -> Result<Option<CallRecord>, StoreError> {
        let owner = rows::account(owner);
        self.read(move |connection| {
            let sql = "SELECT newest_calls.* FROM newest_calls JOIN runs ON id = run
                 WHERE run = ?1 AND (?2 IS NULL OR owner = ?2) AND step = ?3 AND call_index = ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let values = params![run.to_string(), owner, step, index];
            statement.query_row(values, |row| Ok(call_record(row))).optional()?.transpose()
        })
        .await
    }

    async fn artifacts(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        let owner = rows::account(owner);
        self.read(move |connection| {
            let sql = "SELECT kind, step, call_index, path, size, sha256, media_type FROM artifacts
                 WHERE run = ?1 AND (?2 IS NULL OR owner = ?2) ORDER BY ordinal";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_and_then(params![run.to_string(), owner], rows::artifact)?;
            rows.collect()
        })
        .await
    }

    async fn events(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let owner = rows::account(owner);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let sql = "SELECT sequence, at, kind, data FROM events JOIN runs ON id = run
                 WHERE run = ?1 AND (?2 IS NULL OR owner = ?2) AND sequence > ?3
                 ORDER BY sequence LIMIT ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![run.to_string(), owner, after, limit])?;
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

fn calls(connection: &Connection, owner: Option<String>, run: RunId) -> SqlResult<Vec<CallRecord>> {
    let sql = "SELECT newest_calls.* FROM newest_calls JOIN runs ON id = run
         WHERE run = ?1 AND (?2 IS NULL OR owner = ?2) ORDER BY newest_calls.step, call_index";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then(params![run.to_string(), owner], call_record)?;
    rows.collect()
}

fn call_record(row: &Row<'_>) -> SqlResult<CallRecord> {
    let (step, index) = (row.get("step")?, row.get("call_index")?);
    let call = optional_json(row, "call")?.ok_or_else(|| {
        StoreError::Corrupt(format!("what call {index} of step {step} asks for is missing").into())
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
