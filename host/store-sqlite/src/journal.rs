//! What happened to runs, read back.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_model::{CallRecord, Event, OwnerFilter, RunArtifact, RunId, Step};
use simulay_store::{Journal, StoreError};

use crate::failure::SqlResult;
use crate::filter::{self, Filter};
use crate::rows::{self, json, optional, optional_json};
use crate::store::SqliteStore;

/// Bytes of data after which a page of events ends.
const PAGE_BYTES: usize = 64 << 10;

const CALLS: &str = "SELECT newest_calls.* FROM newest_calls JOIN runs ON id = run WHERE run = :run";

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
        let filter = Filter::from(owner);
        self.read(move |connection| calls(connection, &filter, run)).await
    }

    async fn call(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        step: u32,
        index: u32,
    ) -> Result<Option<CallRecord>, StoreError> {
        let (filter, run) = (Filter::from(owner), run.to_string());
        self.read(move |connection| {
            let sql = [CALLS, "AND step = :step AND call_index = :index AND", filter::RUNS].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let values = filter.and(&[(":run", &run), (":step", &step), (":index", &index)]);
            statement.query_row(&*values, |row| Ok(call_record(row))).optional()?.transpose()
        })
        .await
    }

    async fn artifacts(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<RunArtifact>, StoreError> {
        let (filter, run) = (Filter::from(owner), run.to_string());
        self.read(move |connection| {
            let sql = "SELECT kind, step, call_index, path, size, sha256, media_type FROM artifacts
                 WHERE run = :run AND EXISTS (SELECT 1 FROM runs WHERE id = :run AND";
            let sql = [sql, filter::RUNS, ") ORDER BY ordinal"].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(&*filter.and(&[(":run", &run)]), rows::artifact)?;
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
        let (filter, id) = (Filter::from(owner), run.to_string());
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let sql = "SELECT sequence, at, kind, data FROM events JOIN runs ON id = run
                 WHERE run = :run AND sequence > :after AND";
            let sql = [sql, filter::RUNS, "ORDER BY sequence LIMIT :limit"].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let values = filter.and(&[(":run", &id), (":after", &after), (":limit", &limit)]);
            let mut rows = statement.query(&*values)?;
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

fn calls(connection: &Connection, filter: &Filter, run: RunId) -> SqlResult<Vec<CallRecord>> {
    let sql = [CALLS, "AND", filter::RUNS, "ORDER BY newest_calls.step, call_index"].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    let run = run.to_string();
    let rows = statement.query_and_then(&*filter.and(&[(":run", &run)]), call_record)?;
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
        key: optional(row, "key")?,
        end: optional_json(row, "ending")?,
    })
}
