//! Effects of a change, written as they are: what they mean was decided elsewhere.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use simulay_model::{
    AttemptProgress, CallPlace, Effects, EventData, Head, Report, RunArtifact, RunId, StartedAttempt, Step,
    Usage,
};
use simulay_store::StoreError;

use crate::failure::SqlResult;
use crate::rows::{parsed, signed, sortable, to_event, to_json};
use crate::{leases, metering, reuse, schema};

/// Stores `effects`, if the run's last event is the one before theirs. `observed` is the time, as it was
/// seen to pass.
pub(crate) fn commit(
    connection: &Connection,
    run: RunId,
    fence: Option<u64>,
    effects: &Effects,
    observed: i64,
) -> SqlResult<()> {
    if let Some(fence) = fence {
        leases::check(connection, run, fence)?;
    }
    advance(connection, run, effects.sequence)?;
    if let Some(taken) = &effects.taken {
        reuse::check(connection, taken)?;
    }
    if let Some(head) = &effects.head {
        set_head(connection, run, head, head.ended_at.map(|_| observed))?;
    }
    if let Some((step, plan)) = &effects.step {
        insert_step(connection, run, *step, plan)?;
    }
    for (call, attempt) in &effects.attempts {
        set_attempt(connection, run, *call, attempt)?;
    }
    effects.artifacts.iter().try_for_each(|artifact| insert_artifact(connection, run, artifact))?;
    if let Some(report) = &effects.report {
        insert_report(connection, run, report)?;
    }
    insert_event(connection, run, (effects.sequence, effects.at), &effects.event)?;
    count(connection, run, effects)?;
    if effects.is_end() { leases::end(connection, run) } else { Ok(()) }
}

/// Counts what the owner of the run used.
fn count(connection: &Connection, run: RunId, effects: &Effects) -> SqlResult<()> {
    let mut usage = Usage::of_effects(effects);
    if effects.is_end() {
        usage += Usage::of_stopped(&started_attempts(connection, run)?, effects.at);
    }
    if usage.is_nothing() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached("SELECT owner FROM runs WHERE id = ?1")?;
    let owner = statement.query_row([run.to_string()], |row| Ok(parsed(row, "owner")))??;
    metering::count(connection, &owner, effects.at, usage)
}

/// The attempts at the calls of a run, in their order; none when the end of each is known.
fn started_attempts(connection: &Connection, run: RunId) -> SqlResult<Vec<StartedAttempt>> {
    let sql = "SELECT step, call_index, attempt FROM calls WHERE run = ?1 AND started AND ending IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([run.to_string()], |row| {
        Ok(((row.get("step")?, row.get("call_index")?), row.get("attempt")?))
    })?;
    let unended: HashSet<((u32, u32), u32)> = rows.collect::<Result<_, _>>()?;
    if unended.is_empty() {
        return Ok(Vec::new());
    }
    let sql =
        "SELECT at, data ->> 'step' AS step, data ->> 'call' AS call_index, data ->> 'attempt' AS attempt
         FROM events WHERE run = ?1 AND kind = 'call.started'";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then([run.to_string()], |row| {
        let (call, attempt) = ((row.get("step")?, row.get("call_index")?), row.get("attempt")?);
        let ended = !unended.contains(&(call, attempt));
        Ok(StartedAttempt { call, attempt, at: parsed(row, "at")?, ended })
    })?;
    let mut attempts = rows.collect::<SqlResult<Vec<_>>>()?;
    attempts.sort_unstable();
    Ok(attempts)
}

/// Makes `sequence` the number of the run's last event, if it follows that.
fn advance(connection: &Connection, run: RunId, sequence: u64) -> SqlResult<()> {
    let sql = "UPDATE runs SET last_event = ?2 WHERE id = ?1 AND last_event = ?2 - 1";
    let advanced = connection.prepare_cached(sql)?.execute(params![run.to_string(), signed(sequence)?])?;
    if advanced > 0 {
        return Ok(());
    }
    let known = connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?.exists([run.to_string()])?;
    let refused = if known { StoreError::Stale } else { StoreError::NotFound };
    Err(refused.into())
}

/// `ended_ms` is when it ended, in the time observed.
pub(crate) fn set_head(
    connection: &Connection,
    run: RunId,
    head: &Head,
    ended_ms: Option<i64>,
) -> SqlResult<()> {
    let sql = "UPDATE runs SET state = ?2, steps = ?3, cancel_requested = ?4,
         started_at = coalesce(?5, started_at), ended_at = ?6, ended_ms = ?7, error = ?8 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        run.to_string(),
        head.state.as_str(),
        head.steps,
        head.cancel_requested,
        head.started_at.map(|at| at.to_string()),
        head.ended_at.map(sortable),
        ended_ms,
        head.error.as_ref().map(to_json).transpose()?,
    ])?;
    Ok(())
}

pub(crate) fn insert_report(connection: &Connection, run: RunId, report: &Report) -> SqlResult<()> {
    let sql = "INSERT INTO reports (run, report) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![run.to_string(), to_json(report)?])?;
    Ok(())
}

pub(crate) fn insert_step(connection: &Connection, run: RunId, step: u32, plan: &Step) -> SqlResult<()> {
    let run = run.to_string();
    let sql = "INSERT INTO steps (run, step, plan) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![run, step, to_json(plan)?])?;
    schema::tell(connection, &run, step, plan)
}

pub(crate) fn set_attempt(
    connection: &Connection,
    run: RunId,
    (step, index): (u32, u32),
    attempt: &AttemptProgress,
) -> SqlResult<()> {
    let sql = "INSERT INTO calls (run, step, call_index, attempt, started, ending, key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (run, step, call_index, attempt) DO UPDATE SET started = ?5, ending = ?6, key = ?7";
    connection.prepare_cached(sql)?.execute(params![
        run.to_string(),
        step,
        index,
        attempt.attempt,
        attempt.started,
        attempt.end.as_ref().map(to_json).transpose()?,
        attempt.key.map(|key| key.to_string()),
    ])?;
    match attempt.offers() {
        Some(key) => reuse::offer(connection, key, CallPlace { run, step, index }),
        None => Ok(()),
    }
}

/// Adds an artifact after those the run has.
pub(crate) fn insert_artifact(connection: &Connection, run: RunId, entry: &RunArtifact) -> SqlResult<()> {
    let sql =
        "INSERT INTO artifacts (run, ordinal, kind, step, call_index, path, size, sha256, media_type, owner)
         SELECT ?1, coalesce(max(ordinal), -1) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
             (SELECT owner FROM runs WHERE id = ?1)
         FROM artifacts WHERE run = ?1";
    connection.prepare_cached(sql)?.execute(params![
        run.to_string(),
        entry.kind.as_str(),
        entry.origin.map(|(step, _)| step),
        entry.origin.map(|(_, index)| index),
        entry.artifact.path.as_str(),
        signed(entry.artifact.size)?,
        entry.artifact.sha256.to_string(),
        entry.artifact.media_type,
    ])?;
    Ok(())
}

/// Adds an event that happened `at` a moment, by its number.
pub(crate) fn insert_event(
    connection: &Connection,
    run: RunId,
    (sequence, at): (u64, Timestamp),
    event: &EventData,
) -> SqlResult<()> {
    let sql = "INSERT INTO events (run, sequence, at, kind, data) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (kind, data) = to_event(event)?;
    let values = params![run.to_string(), signed(sequence)?, at.to_string(), kind, data];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
