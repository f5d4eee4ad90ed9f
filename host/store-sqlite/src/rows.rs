//! Between columns and domain types.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Row;
use simulay_model::{
    Artifact, AttemptProgress, Event, EventData, Labels, Plugin, PluginEvent, PluginRef, PluginSummary,
    Progress, RelativePath, Request, Run, RunArtifact, RunId, RunState, RunSummary, SweepPoint,
    UnfinishedRun,
};
use simulay_store::documents::{self, Stored};
use simulay_store::{ClaimableRun, Lease, StoreError};

use crate::failure::{SqlError, SqlResult};

pub(crate) const PLUGINS: &str =
    "SELECT sha256, size, manifest, contract, tools, owner, uploaded_by, uploader,
    uploaded_at, state, approved_at, retired_at, examples_check, isolation, revision FROM plugins";

pub(crate) fn plugin(row: &Row<'_>) -> SqlResult<Plugin> {
    Ok(Plugin {
        sha256: parsed(row, "sha256")?,
        size: unsigned(row, "size")?,
        manifest: json(row, "manifest")?,
        contract: parsed(row, "contract")?,
        tools: json(row, "tools")?,
        owner: parsed(row, "owner")?,
        uploaded_by: parsed(row, "uploaded_by")?,
        uploader: row.get("uploader")?,
        uploaded_at: parsed(row, "uploaded_at")?,
        state: parsed(row, "state")?,
        approved_at: time(row, "approved_at")?,
        retired_at: time(row, "retired_at")?,
        check: optional_json(row, "examples_check")?,
        isolation: parsed(row, "isolation")?,
        revision: unsigned(row, "revision")?,
    })
}

/// What [`plugin_summary`] reads.
pub(crate) const PLUGIN_SUMMARIES: &str = "SELECT name, version, manifest ->> 'title' AS title, sha256, size,
    owner, uploader, uploaded_at, state, approved_at, retired_at FROM plugins";

pub(crate) fn plugin_summary(row: &Row<'_>) -> SqlResult<PluginSummary> {
    Ok(PluginSummary {
        name: parsed(row, "name")?,
        version: parsed(row, "version")?,
        title: row.get("title")?,
        sha256: parsed(row, "sha256")?,
        size: unsigned(row, "size")?,
        owner: parsed(row, "owner")?,
        uploader: row.get("uploader")?,
        uploaded_at: parsed(row, "uploaded_at")?,
        state: parsed(row, "state")?,
        approved_at: time(row, "approved_at")?,
        retired_at: time(row, "retired_at")?,
    })
}

pub(crate) fn plugin_event(row: &Row<'_>) -> SqlResult<PluginEvent> {
    Ok(PluginEvent {
        at: parsed(row, "at")?,
        kind: parsed(row, "kind")?,
        account: parsed(row, "account")?,
        by: row.get("by")?,
    })
}

/// What [`summary`] reads.
pub(crate) const SUMMARY: &str =
    "SELECT runs.id, runs.owner, pipeline, version, sha256, name, labels, sweep, sweep_point, sweep_attempt, state,
    created_at, started_at, ended_at, error";

pub(crate) fn summary(row: &Row<'_>) -> SqlResult<RunSummary> {
    Ok(RunSummary {
        id: parsed(row, "id")?,
        owner: parsed(row, "owner")?,
        plugin: reference(row)?,
        name: optional(row, "name")?,
        labels: optional_json(row, "labels")?.unwrap_or_default(),
        sweep: sweep(row)?,
        state: parsed(row, "state")?,
        created_at: parsed(row, "created_at")?,
        started_at: time(row, "started_at")?,
        ended_at: time(row, "ended_at")?,
        error: optional_json(row, "error")?,
    })
}

pub(crate) fn claimable(row: &Row<'_>) -> SqlResult<ClaimableRun> {
    let (id, owner, pipeline) = (parsed(row, "id")?, parsed(row, "owner")?, parsed(row, "pipeline")?);
    let (cancel_requested, state) = (row.get("cancel_requested")?, parsed::<RunState>(row, "state")?);
    let run = UnfinishedRun { id, owner, pipeline };
    Ok(ClaimableRun { run, cancel_requested, running: state == RunState::Running })
}

pub(crate) fn reference(row: &Row<'_>) -> SqlResult<PluginRef> {
    Ok(PluginRef {
        name: parsed(row, "pipeline")?,
        version: parsed(row, "version")?,
        sha256: parsed(row, "sha256")?,
    })
}

fn sweep(row: &Row<'_>) -> SqlResult<Option<SweepPoint>> {
    let point: Option<u32> = row.get("sweep_point")?;
    let attempt = row.get::<_, Option<u32>>("sweep_attempt")?.unwrap_or_default();
    Ok(optional(row, "sweep")?.zip(point).map(|(sweep, point)| SweepPoint { sweep, point, attempt }))
}

/// Labels as the text of a column; nothing when there are none.
pub(crate) fn labels_text(labels: &Labels) -> SqlResult<Option<String>> {
    Some(labels).filter(|labels| !labels.is_empty()).map(to_json).transpose()
}

/// What [`run`] reads. Nothing is joined: SQLite would prepare that anew for each run.
pub(crate) const RUN: &str = "SELECT runs.*,
    (SELECT inputs FROM requested WHERE run = runs.id) AS inputs,
    (SELECT params FROM requested WHERE run = runs.id) AS params,
    (SELECT report FROM reports WHERE run = runs.id) AS report FROM runs";

pub(crate) fn run(row: &Row<'_>) -> SqlResult<Run> {
    Ok(Run {
        id: parsed(row, "id")?,
        owner: parsed(row, "owner")?,
        plugin: reference(row)?,
        name: optional(row, "name")?,
        labels: optional_json(row, "labels")?.unwrap_or_default(),
        sweep: sweep(row)?,
        request: Request {
            params: json(row, "params")?,
            inputs: json(row, "inputs")?,
            seed: parsed(row, "seed")?,
        },
        retries: row.get("retries")?,
        reuse: row.get("reuse")?,
        state: parsed(row, "state")?,
        steps: row.get("steps")?,
        cancel_requested: row.get("cancel_requested")?,
        created_at: parsed(row, "created_at")?,
        started_at: time(row, "started_at")?,
        ended_at: time(row, "ended_at")?,
        report: optional_json(row, "report")?,
        error: optional_json(row, "error")?,
    })
}

pub(crate) fn event(run: RunId, row: &Row<'_>) -> SqlResult<Event> {
    Ok(Event { run, sequence: unsigned(row, "sequence")?, at: parsed(row, "at")?, data: event_data(row)? })
}

fn event_data(row: &Row<'_>) -> SqlResult<EventData> {
    let (kind, data): (String, String) = (row.get("kind")?, row.get("data")?);
    documents::event::read(&kind, &data).map_err(|error| damaged("data", error))
}

/// The head of a run's progress; its attempts lie elsewhere.
pub(crate) fn progress(row: &Row<'_>) -> SqlResult<Progress> {
    Ok(Progress {
        state: parsed(row, "state")?,
        sequence: unsigned(row, "last_event")?,
        cancel_requested: row.get("cancel_requested")?,
        steps: row.get("steps")?,
        attempts: BTreeMap::new(),
    })
}

pub(crate) fn attempt(row: &Row<'_>) -> SqlResult<AttemptProgress> {
    Ok(AttemptProgress {
        attempt: row.get("attempt")?,
        started: row.get("started")?,
        key: optional(row, "key")?,
        end: optional_json(row, "ending")?,
    })
}

pub(crate) fn artifact(row: &Row<'_>) -> SqlResult<RunArtifact> {
    let path: String = row.get("path")?;
    let step: Option<u32> = row.get("step")?;
    let index: Option<u32> = row.get("call_index")?;
    Ok(RunArtifact {
        kind: parsed(row, "kind")?,
        origin: step.zip(index),
        artifact: Artifact {
            path: RelativePath::new(path).map_err(|rule| damaged("path", rule))?,
            size: unsigned(row, "size")?,
            sha256: parsed(row, "sha256")?,
            media_type: row.get("media_type")?,
        },
    })
}

pub(crate) fn lease(row: &Row<'_>) -> SqlResult<Lease> {
    let active = Duration::from_millis(unsigned(row, "worked_ms")?);
    Ok(Lease { fence: unsigned(row, "fence")?, active })
}

/// A domain value as the text of a column.
pub(crate) fn to_json(value: &impl Stored) -> SqlResult<String> {
    documents::write(value).map_err(unwritable)
}

/// The kind of an event, and its data as the text of a column.
pub(crate) fn to_event(event: &EventData) -> SqlResult<(&'static str, String)> {
    documents::event::write(event).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> SqlError {
    StoreError::Failed(error.to_string().into()).into()
}

pub(crate) fn json<T: Stored>(row: &Row<'_>, column: &str) -> SqlResult<T> {
    let text: String = row.get(column)?;
    documents::read(&text).map_err(|error| damaged(column, error))
}

pub(crate) fn optional_json<T: Stored>(row: &Row<'_>, column: &str) -> SqlResult<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| documents::read(&text).map_err(|error| damaged(column, error))).transpose()
}

/// SQLite's numbers are signed; sizes and sequences are not.
pub(crate) fn signed(number: u64) -> SqlResult<i64> {
    i64::try_from(number)
        .map_err(|_| StoreError::Failed(format!("{number} is too large to be stored").into()).into())
}

pub(crate) fn unsigned(row: &Row<'_>, column: &str) -> SqlResult<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|error| damaged(column, error))
}

pub(crate) fn parsed<T: FromStr<Err: Display>>(row: &Row<'_>, column: &str) -> SqlResult<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| damaged(column, error))
}

pub(crate) fn time(row: &Row<'_>, column: &str) -> SqlResult<Option<Timestamp>> {
    optional(row, column)
}

pub(crate) fn optional<T: FromStr<Err: Display>>(row: &Row<'_>, column: &str) -> SqlResult<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error| damaged(column, error))).transpose()
}

/// A time as a text that is compared as times are. Earlier versions left zeros out: theirs are a second off at most.
pub(crate) fn sortable(at: Timestamp) -> String {
    format!("{at:.9}")
}

fn damaged(column: &str, error: impl Display) -> SqlError {
    StoreError::Corrupt(format!("column `{column}`: {error}").into()).into()
}

/// A damaged run is left out of lists: it must not hide the others.
pub(crate) fn sound<T>(row: &Row<'_>, read: impl FnOnce(&Row<'_>) -> SqlResult<T>) -> Option<T> {
    read(row)
        .inspect_err(|error| {
            let id = row.get::<_, String>("id").unwrap_or_default();
            tracing::error!(run = id, %error, "a damaged run is left out of the list");
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, StatementStatus, named_params};

    use super::*;
    use crate::filter;
    use crate::schema::migrate;

    #[test]
    fn a_run_is_read_by_a_statement_that_is_prepared_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &|| Ok(Vec::new())).unwrap();
        let sql = [RUN, "WHERE runs.id = :run AND", filter::RUNS].join(" ");
        for run in ["one", "another", "a third"] {
            let mut statement = connection.prepare_cached(&sql).unwrap();
            let owner = None::<&str>;
            let values = named_params! { ":run": run, ":owner": owner, ":pipeline": owner, ":within": owner };
            assert!(!statement.exists(values).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
