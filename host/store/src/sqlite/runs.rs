//! Runs: accepted, listed, changed.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;
use simulay_model::{
    Artifact, ArtifactKind, Change, Event, Kept, PluginName, RelativePath, Request, Run, RunArtifact, RunEnd,
    RunId, RunSummary, Source,
};

use super::SqliteStore;
use super::leases;
use super::rows::{self, parsed, to_json};
use super::transition::{append, apply, insert_artifact};
use crate::{RunQuery, Runs, StoreError};

/// Greater than every run id, all of which are hexadecimal.
const PAST_ALL: &str = "~";

#[async_trait]
impl Runs for SqliteStore {
    async fn create(&self, run: Run) -> Result<(), StoreError> {
        let (id, watchers) = (run.id, self.watchers.clone());
        self.writer
            .write("run.queued", move |connection| create(connection, &run), move |()| watchers.tell(id, 1))
            .await
    }

    async fn apply(&self, run: RunId, at: Timestamp, change: Change) -> Result<Event, StoreError> {
        self.change(run, None, at, change).await
    }

    async fn get(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!("{} WHERE runs.id = ?1", rows::RUN))?;
            statement.query_row([run.to_string()], |row| Ok(rows::run(row))).optional()?.transpose()
        })
        .await
    }

    async fn summary(&self, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!("{} WHERE id = ?1", rows::SUMMARY))?;
            statement.query_row([run.to_string()], |row| Ok(rows::summary(row))).optional()?.transpose()
        })
        .await
    }

    async fn list(&self, query: RunQuery) -> Result<Vec<RunSummary>, StoreError> {
        self.read(move |connection| list(connection, &query)).await
    }

    async fn unfinished(&self) -> Result<Vec<(RunId, PluginName)>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT id, pipeline FROM runs WHERE state IN ('queued', 'running') ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut waiting = Vec::new();
            while let Some(row) = rows.next()? {
                waiting.extend(sound(row, |row| Ok((parsed(row, "id")?, parsed(row, "pipeline")?))));
            }
            Ok(waiting)
        })
        .await
    }
}

impl SqliteStore {
    /// Stores a change by whoever holds the run with `fence`, or by someone who does not hold it.
    pub(super) async fn change(
        &self,
        run: RunId,
        fence: Option<u64>,
        at: Timestamp,
        change: Change,
    ) -> Result<Event, StoreError> {
        let kept = match &change {
            Change::Ended(RunEnd::Succeeded(report)) => self.kept(&report.artifacts).await?,
            _ => Vec::new(),
        };
        let (name, at_last) = (change.kind(), frees_room(&change));
        let observed = self.observed.now();
        let work = move |connection: &Connection| {
            leases::check(connection, run, fence, &change)?;
            let event = apply(connection, run, (at, observed), &change, &kept)?;
            if matches!(change, Change::Ended(_)) {
                leases::end(connection, run)?;
            }
            Ok(event)
        };
        let again = at_last.then(|| work.clone());
        match (self.write_and_tell(run, name, work).await, again) {
            (Err(error), Some(again)) if self.makes_room(&error) => {
                self.write_and_tell(run, name, again).await
            }
            (written, _) => written,
        }
    }

    async fn write_and_tell<F>(&self, run: RunId, name: &'static str, work: F) -> Result<Event, StoreError>
    where
        F: FnOnce(&Connection) -> Result<Event, StoreError> + Send + 'static,
    {
        let watchers = self.watchers.clone();
        self.writer.write(name, work, move |event| watchers.tell(run, event.sequence)).await
    }

    /// The kept files of a report as artifacts; the store of their bytes knows their sizes.
    async fn kept(&self, kept: &[Kept]) -> Result<Vec<RunArtifact>, StoreError> {
        let mut artifacts = Vec::with_capacity(kept.len());
        for file in kept {
            let Source::Artifact(sha256) = file.content else {
                return Err(StoreError::Conflict(format!("the kept file `{}` is no artifact", file.name)));
            };
            let path = RelativePath::new(file.name.as_str())
                .map_err(|rule| StoreError::Conflict(format!("the kept file `{}`: {rule}", file.name)))?;
            let size = self.blobs.size(sha256).await?;
            let size = size.ok_or_else(|| StoreError::Corrupt(format!("the blob {sha256} is missing")))?;
            let media_type = Artifact::media_type_of(path.file_name()).to_owned();
            let artifact = Artifact { path, size, sha256, media_type };
            artifacts.push(RunArtifact { kind: ArtifactKind::Kept, origin: None, artifact });
        }
        Ok(artifacts)
    }
}

/// True for changes that end what takes room, and take little themselves.
const fn frees_room(change: &Change) -> bool {
    matches!(
        change,
        Change::CancelRequested | Change::Ended(RunEnd::Failed(_) | RunEnd::Cancelled | RunEnd::TimedOut(_))
    )
}

pub(super) fn create(connection: &Connection, run: &Run) -> Result<(), StoreError> {
    if !insert(connection, run)? {
        return Err(StoreError::RunExists);
    }
    for input in &run.request.inputs {
        let artifact = RunArtifact { kind: ArtifactKind::Input, origin: None, artifact: input.clone() };
        insert_artifact(connection, run.id, &artifact)?;
    }
    let sql = "INSERT INTO requested (run, inputs, params) VALUES (?1, ?2, ?3)";
    let Request { inputs, params, .. } = &run.request;
    connection.prepare_cached(sql)?.execute(params![
        run.id.to_string(),
        to_json(inputs)?,
        params.as_str()
    ])?;
    append(connection, run.id, run.created_at, "run.queued", json!({}).into())?;
    Ok(())
}

/// False when a run with this id is there.
fn insert(connection: &Connection, run: &Run) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO runs (id, pipeline, version, sha256, seed, state, steps, cancel_requested, created_at,
            last_event, retries)
         VALUES (?1, ?2, ?3, ?4, ?5, 'queued', 0, 0, ?6, 0, ?7) ON CONFLICT (id) DO NOTHING",
    )?;
    let inserted = statement.execute(params![
        run.id.to_string(),
        run.plugin.name.as_str(),
        run.plugin.version.to_string(),
        run.plugin.sha256.to_string(),
        run.request.seed.to_string(),
        run.created_at.to_string(),
        run.retries,
    ])?;
    Ok(inserted > 0)
}

fn list(connection: &Connection, query: &RunQuery) -> Result<Vec<RunSummary>, StoreError> {
    let before = query.before.map_or_else(|| PAST_ALL.to_owned(), |run| run.to_string());
    let limit = query.limit;
    let pipeline = query.pipeline.as_ref().map(|name| name.as_str());
    // One statement per filter, so that each has its index.
    match (pipeline, query.state.map(|state| state.as_str())) {
        (None, None) => {
            collect(connection, "WHERE id < ?1 ORDER BY id DESC LIMIT ?2", params![before, limit])
        }
        (Some(pipeline), None) => collect(
            connection,
            "WHERE pipeline = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
            params![before, limit, pipeline],
        ),
        (None, Some(state)) => collect(
            connection,
            "WHERE state = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
            params![before, limit, state],
        ),
        (Some(pipeline), Some(state)) => collect(
            connection,
            "WHERE pipeline = ?3 AND state = ?4 AND id < ?1 ORDER BY id DESC LIMIT ?2",
            params![before, limit, pipeline, state],
        ),
    }
}

fn collect(
    connection: &Connection,
    which: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<RunSummary>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{} {which}", rows::SUMMARY))?;
    let mut rows = statement.query(params)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.extend(sound(row, rows::summary));
    }
    Ok(runs)
}

/// A damaged run is left out of lists: it must not hide the others.
fn sound<T>(row: &Row<'_>, read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>) -> Option<T> {
    read(row)
        .inspect_err(|error| {
            let id = row.get::<_, String>("id").unwrap_or_default();
            tracing::error!(run = id, %error, "a damaged run is left out of the list");
        })
        .ok()
}
