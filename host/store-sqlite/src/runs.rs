//! Runs: accepted, listed, changed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_model::{
    ArtifactKind, Description, Effects, EventData, OwnerFilter, Progress, Quotas, Request, Run, RunArtifact,
    RunId, RunName, RunSummary, Usage,
};
use simulay_store::{
    Claim, ClaimableRun, Durable, Lease, Outcome, Renewed, RunQuery, Runs, StoreError, durable_now,
};

use crate::commit::{commit, insert_artifact, insert_event};
use crate::failure::SqlResult;
use crate::filter::{self, Filter};
use crate::rows::{self, to_json, unsigned};
use crate::search::Search;
use crate::store::SqliteStore;
use crate::{claims, leases, metering, requests};

/// Each a statement of its own, so that it has its index: the count is asked for with every run.
const UNFINISHED: &str = "SELECT count(*) AS count FROM (SELECT 1 FROM runs
    WHERE state IN ('queued', 'running') AND :owner IS NULL AND :pipeline IS NULL AND :within IS NULL
    LIMIT :most)";
const UNFINISHED_OF_ONE: &str = "SELECT count(*) AS count FROM (SELECT 1 FROM runs
    WHERE owner = :owner AND state IN ('queued', 'running') AND :pipeline IS NULL AND :within IS NULL
    LIMIT :most)";
const UNFINISHED_WITHIN: &str = "SELECT count(*) AS count FROM (SELECT 1 FROM runs
    WHERE state IN ('queued', 'running') AND (:owner IS NULL OR owner = :owner)
    AND (:pipeline IS NULL OR pipeline = :pipeline) AND (:within IS NULL OR id = :within) LIMIT :most)";

#[async_trait]
impl Runs for SqliteStore {
    async fn create_within(&self, run: Run, claim: Option<Claim>, quotas: &Quotas) -> Result<(), StoreError> {
        let (name, work) = self.creation(run, claim, quotas);
        self.write(name, work).await
    }

    async fn create_soon(
        &self,
        run: Run,
        claim: Option<Claim>,
        quotas: &Quotas,
    ) -> Result<Durable, StoreError> {
        let (name, work) = self.creation(run, claim, quotas);
        match self.writer.write_early(name, work, false).await {
            Ok(((), durable)) => Ok(durable),
            Err(refused) => {
                // By what is there, for whoever reads it.
                self.writer.settle().await?;
                Err(refused)
            }
        }
    }

    async fn progress(&self, run: RunId) -> Result<Option<Progress>, StoreError> {
        self.read(move |connection| progress(connection, run)).await
    }

    async fn head(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Progress>, StoreError> {
        let filter = Filter::from(owner);
        self.read(move |connection| head(connection, &filter, run)).await
    }

    async fn commit_all(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<(), StoreError> {
        let Some(first) = effects.first() else { return Ok(()) };
        let (name, at_last) = (first.event.kind(), effects.iter().any(Effects::frees_room));
        let work = each(run, fence, effects, self.observed.millis());
        if at_last { self.write_at_last(name, work).await } else { self.write(name, work).await }
    }

    async fn commit_soon(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<Durable, StoreError> {
        self.commit_early(run, fence, effects, false).await
    }

    async fn commit_ahead(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
    ) -> Result<Durable, StoreError> {
        self.commit_early(run, fence, effects, true).await
    }

    async fn acquire_lease(
        &self,
        run: RunId,
        holder: &str,
        time: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let (holder, now) = (holder.to_owned(), self.clock.now().as_millisecond());
        let acquire = move |connection: &Connection| leases::acquire(connection, run, &holder, (now, time));
        if self.writer.is_ailing() {
            return self.write_at_last("lease.take", acquire).await;
        }
        // Nobody else opens these records: a lease that is lost with the process was over with it.
        self.writer.write_early("lease.take", acquire, false).await.map(|(lease, _)| lease)
    }

    async fn renew_lease(&self, run: RunId, lease: Lease, time: Duration) -> Result<Renewed, StoreError> {
        let now = self.clock.now().as_millisecond();
        self.write("lease.renew", move |connection| leases::renew(connection, run, lease, (now, time))).await
    }

    async fn get(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<Run>, StoreError> {
        self.one(rows::RUN, owner, run, rows::run).await
    }

    async fn summary(&self, owner: &OwnerFilter, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        self.one(&[rows::SUMMARY, "FROM runs"].join(" "), owner, run, rows::summary).await
    }

    async fn list(&self, owner: &OwnerFilter, query: RunQuery) -> Result<Vec<RunSummary>, StoreError> {
        let filter = Filter::from(owner);
        self.read(move |connection| list(connection, &filter, &query)).await
    }

    async fn describe(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        before: &Description,
        after: &Description,
    ) -> Result<(), StoreError> {
        let (owner, before, after) = (Filter::from(owner), before.clone(), after.clone());
        self.write("run.describe", move |connection| describe(connection, &owner, run, (&before, &after)))
            .await
    }

    async fn count_unfinished(&self, owner: &OwnerFilter, most: usize) -> Result<usize, StoreError> {
        let (filter, most) = (Filter::from(owner), i64::try_from(most).unwrap_or(i64::MAX));
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(match &filter {
                Filter { pipeline: Some(_), .. } | Filter { within: Some(_), .. } => UNFINISHED_WITHIN,
                Filter { owner: Some(_), .. } => UNFINISHED_OF_ONE,
                Filter { owner: None, .. } => UNFINISHED,
            })?;
            let values = filter.and(&[(":most", &most)]);
            let count = statement.query_row(&*values, |row| Ok(unsigned(row, "count")))??;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        })
        .await
    }

    async fn claimable(&self, per_flow: usize) -> Result<Vec<ClaimableRun>, StoreError> {
        // What is leased by now is not claimable.
        self.writer.settle().await?;
        let now = self.clock.now().as_millisecond();
        self.read(move |connection| claims::claimable(connection, per_flow, now)).await
    }
}

impl SqliteStore {
    /// Commits changes that are answered before they are durable.
    async fn commit_early(
        &self,
        run: RunId,
        fence: Option<u64>,
        effects: Vec<Effects>,
        in_haste: bool,
    ) -> Result<Durable, StoreError> {
        let Some(first) = effects.first() else { return Ok(durable_now()) };
        let name = first.event.kind();
        let work = each(run, fence, effects, self.observed.millis());
        self.writer.write_early(name, work, in_haste).await.map(|((), durable)| durable)
    }

    /// The write by which a run is stored, and its name.
    fn creation(
        &self,
        run: Run,
        claim: Option<Claim>,
        quotas: &Quotas,
    ) -> (&'static str, impl FnOnce(&Connection) -> SqlResult<()> + Send + 'static) {
        let (at, quotas) = (self.observed.millis(), quotas.clone());
        let name = if claim.is_some() { "request.run" } else { "run.queued" };
        let work = move |connection: &Connection| {
            // Before it is one of them; whatever else is wrong with it is told first.
            let admitted = metering::admit_run(connection, &quotas, &run);
            create(connection, &run)?;
            claim.map_or(Ok(()), |claim| requests::insert(connection, at, &claim, &Outcome::Run(run.id)))?;
            metering::count(connection, &run.owner, run.created_at, Usage::of_run())?;
            admitted
        };
        (name, work)
    }

    /// What `read` makes of the run, when the filter finds it.
    async fn one<T: Send + 'static>(
        &self,
        select: &str,
        owner: &OwnerFilter,
        run: RunId,
        read: impl Fn(&Row<'_>) -> SqlResult<T> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let (filter, run) = (Filter::from(owner), run.to_string());
        let sql = [select, "WHERE runs.id = :run AND", filter::RUNS].join(" ");
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let values = filter.and(&[(":run", &run)]);
            statement.query_row(&*values, |row| Ok(read(row))).optional()?.transpose()
        })
        .await
    }
}

/// Commits `effects`, one after the other.
fn each(
    run: RunId,
    fence: Option<u64>,
    effects: Vec<Effects>,
    observed: i64,
) -> impl FnOnce(&Connection) -> SqlResult<()> + Clone + Send + 'static {
    let effects = Arc::new(effects);
    move |connection| effects.iter().try_for_each(|effects| commit(connection, run, fence, effects, observed))
}

fn head(connection: &Connection, filter: &Filter, run: RunId) -> SqlResult<Option<Progress>> {
    let sql = "SELECT state, steps, cancel_requested, last_event FROM runs WHERE id = :run AND";
    let mut statement = connection.prepare_cached(&[sql, filter::RUNS].join(" "))?;
    let run = run.to_string();
    let values = filter.and(&[(":run", &run)]);
    statement.query_row(&*values, |row| Ok(rows::progress(row))).optional()?.transpose()
}

fn progress(connection: &Connection, run: RunId) -> SqlResult<Option<Progress>> {
    let Some(mut progress) = head(connection, &Filter::from(&OwnerFilter::Any), run)? else {
        return Ok(None);
    };
    let sql = "SELECT step, call_index, attempt, started, key, ending FROM newest_calls WHERE run = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut attempts = statement.query([run.to_string()])?;
    while let Some(row) = attempts.next()? {
        progress.attempts.insert((row.get("step")?, row.get("call_index")?), rows::attempt(row)?);
    }
    Ok(Some(progress))
}

pub(crate) fn create(connection: &Connection, run: &Run) -> SqlResult<()> {
    if !insert(connection, run)? {
        return Err(StoreError::RunExists.into());
    }
    for input in &run.request.inputs {
        let artifact = RunArtifact { kind: ArtifactKind::Input, origin: None, artifact: input.clone() };
        insert_artifact(connection, run.id, &artifact)?;
    }
    insert_event(connection, run.id, (1, run.created_at), &EventData::RunQueued)
}

/// Puts a run in as it was accepted, and what was asked; false when a run with this id is there.
pub(crate) fn insert(connection: &Connection, run: &Run) -> SqlResult<bool> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO runs (id, pipeline, version, sha256, seed, state, steps, cancel_requested, created_at,
            last_event, retries, owner, name, name_folded, labels, sweep, sweep_point, sweep_attempt, reuse)
         VALUES (?1, ?2, ?3, ?4, ?5, 'queued', 0, 0, ?6, 1, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
         ON CONFLICT (id) DO NOTHING",
    )?;
    let name = run.name.as_ref().map(RunName::as_str);
    let inserted = statement.execute(params![
        run.id.to_string(),
        run.plugin.name.as_str(),
        run.plugin.version.to_string(),
        run.plugin.sha256.to_string(),
        run.request.seed.to_string(),
        rows::sortable(run.created_at),
        run.retries,
        run.owner.as_str(),
        name,
        name.map(str::to_lowercase),
        rows::labels_text(&run.labels)?,
        run.sweep.map(|point| point.sweep.to_string()),
        run.sweep.map(|point| point.point),
        run.sweep.map(|point| point.attempt),
        run.reuse,
    ])?;
    if inserted > 0 {
        insert_request(connection, run)?;
    }
    Ok(inserted > 0)
}

fn insert_request(connection: &Connection, run: &Run) -> SqlResult<()> {
    let sql = "INSERT INTO requested (run, inputs, params) VALUES (?1, ?2, ?3)";
    let Request { inputs, params, .. } = &run.request;
    let values = params![run.id.to_string(), to_json(inputs)?, params.as_str()];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn list(connection: &Connection, owner: &Filter, query: &RunQuery) -> SqlResult<Vec<RunSummary>> {
    let search = Search::new(owner, &query.filter, query.before).with(":limit", query.limit);
    let last = ["ORDER BY", search.id(), "DESC LIMIT :limit"].join(" ");
    let mut statement = connection.prepare_cached(&search.sql([rows::SUMMARY, &last]))?;
    let mut rows = statement.query(&*search.values())?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.extend(rows::sound(row, rows::summary));
    }
    Ok(runs)
}

fn describe(
    connection: &Connection,
    owner: &Filter,
    run: RunId,
    (before, after): (&Description, &Description),
) -> SqlResult<()> {
    let sql = "UPDATE runs SET name = :name, name_folded = :folded, labels = :labels
         WHERE id = :run AND name IS :name_before AND labels IS :labels_before AND";
    let (run, [before, after]) = (run.to_string(), [before, after].map(columns));
    let ((name, labels), (name_before, labels_before)) = (after?, before?);
    let folded = name.as_ref().map(|name| name.to_lowercase());
    let changed = connection.prepare_cached(&[sql, filter::RUNS].join(" "))?.execute(&*owner.and(&[
        (":run", &run),
        (":name", &name),
        (":folded", &folded),
        (":labels", &labels),
        (":name_before", &name_before),
        (":labels_before", &labels_before),
    ]))?;
    if changed > 0 {
        return Ok(());
    }
    let mut statement =
        connection.prepare_cached(&["SELECT 1 FROM runs WHERE id = :run AND", filter::RUNS].join(" "))?;
    let is_there = statement.exists(&*owner.and(&[(":run", &run)]))?;
    Err(if is_there { StoreError::Stale } else { StoreError::NotFound }.into())
}

/// Name and labels as the texts of columns.
fn columns(description: &Description) -> SqlResult<(Option<String>, Option<String>)> {
    let name = description.name.as_ref().map(RunName::to_string);
    Ok((name, rows::labels_text(&description.labels)?))
}
