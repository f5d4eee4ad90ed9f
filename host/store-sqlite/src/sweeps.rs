//! Sweeps, and the steps they go.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};
use simulay_model::{
    OwnerFilter, PluginName, PointCounts, Quotas, Run, RunName, RunSummary, Sweep, SweepId, SweepProgress,
    SweepSummary, Usage,
};
use simulay_store::{Claim, Outcome, PointRun, StoreError, SweepQuery, Sweeps};

use crate::failure::SqlResult;
use crate::filter::Filter;
use crate::rows::{self, json, optional, optional_json, parsed, reference, signed, to_json, unsigned};
use crate::store::SqliteStore;
use crate::{metering, requests, runs};

/// Greater than every id, all of which are hexadecimal.
const PAST_ALL: &str = "~";

/// What [`summary`] reads.
const SUMMARY: &str =
    "SELECT id, owner, pipeline, version, sha256, name, labels, created_at, revision, state,
    blocks, goal, begun, retrying, stopped_by, ended_at FROM sweeps";

/// SQLite gives the other columns of the row that has the greatest number; all of them are in the index.
const COUNTS: &str = "SELECT state, count(*) AS count FROM
    (SELECT sweep_point, max(sweep_attempt), state FROM runs WHERE sweep = ?1 GROUP BY sweep_point)
    GROUP BY state";
const LAST_RUNS: &str = "SELECT sweep_point, max(sweep_attempt) AS sweep_attempt, id, state FROM runs
    WHERE sweep = ?1 AND sweep_point >= ?2 GROUP BY sweep_point ORDER BY sweep_point LIMIT ?3";

#[async_trait]
impl Sweeps for SqliteStore {
    async fn add_sweep(&self, sweep: Sweep, answered: Option<(Claim, String)>) -> Result<(), StoreError> {
        let at = self.observed.millis();
        self.write("sweep.add", move |connection| {
            if let Some((claim, answer)) = &answered {
                requests::insert(connection, at, claim, &Outcome::Answer(answer.clone()))?;
            }
            insert(connection, &sweep, None)
        })
        .await
    }

    async fn sweep(&self, owner: &OwnerFilter, sweep: SweepId) -> Result<Option<Sweep>, StoreError> {
        let (filter, sweep) = (Filter::from(owner), sweep.to_string());
        self.read(move |connection| {
            let sql = "SELECT * FROM sweeps WHERE id = :id AND :within IS NULL
                AND (:owner IS NULL OR owner = :owner) AND (:pipeline IS NULL OR pipeline = :pipeline)";
            let mut statement = connection.prepare_cached(sql)?;
            let values = filter.and(&[(":id", &sweep)]);
            statement.query_row(&*values, |row| Ok(whole(row))).optional()?.transpose()
        })
        .await
    }

    async fn sweeps(&self, owner: &OwnerFilter, query: SweepQuery) -> Result<Vec<SweepSummary>, StoreError> {
        let filter = Filter::from(owner);
        self.read(move |connection| list(connection, &filter, &query)).await
    }

    async fn unfinished_sweeps(
        &self,
        after: Option<SweepId>,
        limit: u32,
    ) -> Result<Vec<SweepId>, StoreError> {
        let after = after.map(|sweep| sweep.to_string()).unwrap_or_default();
        self.read(move |connection| {
            let sql = "SELECT id FROM sweeps WHERE ended_ms IS NULL AND id > ?1 ORDER BY id LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_and_then(params![after, limit], |row| parsed(row, "id"))?.collect()
        })
        .await
    }

    async fn commit_sweep(
        &self,
        sweep: SweepId,
        progress: SweepProgress,
        runs: Vec<Run>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        let (observed, quotas) = (self.observed.millis(), quotas.clone());
        let at_last = runs.is_empty();
        let work = move |connection: &Connection| {
            let ended_ms = progress.ended_at.map(|_| observed);
            advance(connection, sweep, &progress, ended_ms)?;
            create(connection, &runs, &quotas)
        };
        if at_last {
            self.write_at_last("sweep.step", work).await
        } else {
            self.write("sweep.step", work).await
        }
    }

    async fn count_points(&self, sweep: SweepId) -> Result<PointCounts, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(COUNTS)?;
            let mut rows = statement.query([sweep.to_string()])?;
            let mut counts = PointCounts::default();
            while let Some(row) = rows.next()? {
                counts.add(parsed(row, "state")?, row.get("count")?);
            }
            Ok(counts)
        })
        .await
    }

    async fn points(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        self.read(move |connection| {
            let of_these = ["FROM runs WHERE id IN (SELECT id FROM (", LAST_RUNS, ")) ORDER BY sweep_point"];
            let sql = [rows::SUMMARY, &of_these.join("")].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = statement.query(params![sweep.to_string(), from, limit])?;
            let mut points = Vec::new();
            while let Some(row) = found.next()? {
                points.extend(rows::sound(row, rows::summary));
            }
            Ok(points)
        })
        .await
    }

    async fn point_runs(&self, sweep: SweepId, from: u32, limit: u32) -> Result<Vec<PointRun>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(LAST_RUNS)?;
            let mut found = statement.query(params![sweep.to_string(), from, limit])?;
            let mut points = Vec::new();
            while let Some(row) = found.next()? {
                points.extend(rows::sound(row, point_run));
            }
            Ok(points)
        })
        .await
    }
}

fn point_run(row: &Row<'_>) -> SqlResult<PointRun> {
    let (point, attempt) = (row.get("sweep_point")?, row.get("sweep_attempt")?);
    Ok(PointRun { point, attempt, run: parsed(row, "id")?, state: parsed(row, "state")? })
}

/// Puts a sweep in; `ended_ms` is when it ended, in the time observed.
pub(crate) fn insert(connection: &Connection, sweep: &Sweep, ended_ms: Option<i64>) -> SqlResult<()> {
    let sql =
        "INSERT INTO sweeps (id, owner, pipeline, version, sha256, name, labels, created_at, spec, revision,
            state, blocks, goal, begun)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', '', 0, 0)";
    // The revision before the one that is set below.
    let before = signed(sweep.progress.revision)? - 1;
    connection.prepare_cached(sql)?.execute(params![
        sweep.id.to_string(),
        sweep.owner.as_str(),
        sweep.plugin.name.as_str(),
        sweep.plugin.version.to_string(),
        sweep.plugin.sha256.to_string(),
        sweep.name.as_ref().map(RunName::as_str),
        rows::labels_text(&sweep.labels)?,
        sweep.created_at.to_string(),
        to_json(&sweep.spec)?,
        before,
    ])?;
    let sql = "INSERT INTO sweep_inputs (sha256, sweep) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    let mut statement = connection.prepare_cached(sql)?;
    for input in &sweep.spec.inputs {
        statement.execute([input.sha256.to_string(), sweep.id.to_string()])?;
    }
    advance(connection, sweep.id, &sweep.progress, ended_ms)
}

/// Makes the sweep what `progress` says, if it is at the revision before.
fn advance(
    connection: &Connection,
    sweep: SweepId,
    progress: &SweepProgress,
    ended_ms: Option<i64>,
) -> SqlResult<()> {
    let SweepProgress { revision, state, blocks, goal, begun, retrying, stopped_by, ended_at } = progress;
    let sql =
        "UPDATE sweeps SET revision = ?2, state = ?3, blocks = ?4, goal = ?5, begun = ?6, retrying = ?7,
         stopped_by = ?8, ended_at = ?9, ended_ms = ?10 WHERE id = ?1 AND revision = ?2 - 1";
    let changed = connection.prepare_cached(sql)?.execute(params![
        sweep.to_string(),
        signed(*revision)?,
        state.as_str(),
        to_json(blocks)?,
        goal,
        begun,
        retrying,
        stopped_by.map(|run| run.to_string()),
        ended_at.map(|at| at.to_string()),
        ended_ms,
    ])?;
    if changed > 0 {
        return Ok(());
    }
    let sql = "SELECT 1 FROM sweeps WHERE id = ?1";
    let known = connection.prepare_cached(sql)?.exists([sweep.to_string()])?;
    Err(if known { StoreError::Stale } else { StoreError::NotFound }.into())
}

/// Stores queued runs of one owner.
fn create(connection: &Connection, runs: &[Run], quotas: &Quotas) -> SqlResult<()> {
    let Some(Run { owner, created_at, .. }) = runs.first() else { return Ok(()) };
    let count = runs.len() as u64;
    if !quotas.is_empty() {
        let used = metering::present_use(connection, owner, *created_at)?;
        quotas.admit_runs(&used, count, *created_at).map_err(StoreError::from)?;
    }
    runs.iter().try_for_each(|run| runs::create(connection, run))?;
    let usage = Usage { runs: count, ..Usage::default() };
    metering::count(connection, owner, *created_at, usage)
}

fn list(connection: &Connection, filter: &Filter, query: &SweepQuery) -> SqlResult<Vec<SweepSummary>> {
    if filter.within.is_some() {
        return Ok(Vec::new());
    }
    let before = query.before.map_or_else(|| PAST_ALL.to_owned(), |sweep| sweep.to_string());
    let pipeline = query.pipeline.as_ref().map(PluginName::to_string);
    let state = query.state.map(|state| state.as_str().to_owned());
    let mut clauses = vec!["id < :before"];
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":before", &before), (":limit", &query.limit)];
    for (clause, name, value) in [
        ("owner = :owner", ":owner", &filter.owner),
        ("pipeline = :scope", ":scope", &filter.pipeline),
        ("pipeline = :pipeline", ":pipeline", &pipeline),
        ("state = :state", ":state", &state),
    ] {
        if let Some(value) = value {
            clauses.push(clause);
            values.push((name, value));
        }
    }
    let which = clauses.join(" AND ");
    let sql = [SUMMARY, "WHERE", &which, "ORDER BY id DESC LIMIT :limit"].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then(values.as_slice(), summary)?.collect()
}

fn summary(row: &Row<'_>) -> SqlResult<SweepSummary> {
    Ok(SweepSummary {
        id: parsed(row, "id")?,
        owner: parsed(row, "owner")?,
        plugin: reference(row)?,
        name: optional(row, "name")?,
        labels: optional_json(row, "labels")?.unwrap_or_default(),
        created_at: parsed(row, "created_at")?,
        progress: SweepProgress {
            revision: unsigned(row, "revision")?,
            state: parsed(row, "state")?,
            blocks: json(row, "blocks")?,
            goal: row.get("goal")?,
            begun: row.get("begun")?,
            retrying: row.get("retrying")?,
            stopped_by: optional(row, "stopped_by")?,
            ended_at: rows::time(row, "ended_at")?,
        },
    })
}

/// A sweep with what was asked.
pub(crate) fn whole(row: &Row<'_>) -> SqlResult<Sweep> {
    let SweepSummary { id, owner, plugin, name, labels, created_at, progress } = summary(row)?;
    Ok(Sweep { id, owner, plugin, name, labels, created_at, spec: json(row, "spec")?, progress })
}

/// Forgets those that ended by then and have no runs.
pub(crate) fn forget(connection: &Connection, before: i64) -> SqlResult<usize> {
    let sql = "DELETE FROM sweeps WHERE ended_ms <= ?1
         AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.sweep = sweeps.id)";
    Ok(connection.prepare_cached(sql)?.execute([before])?)
}
