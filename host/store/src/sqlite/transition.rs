//! One change of a run: what must hold before, what is stored, the event that tells of it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use simulay_model::{
    ArtifactKind, CallEnd, Change, ContainerResult, Document, Event, RunArtifact, RunEnd, RunId, RunState,
    Step,
};

use super::rows::{self, optional_json, parsed, signed, to_json, unsigned};
use super::schema;
use crate::StoreError;

/// A call of a run, in SQL parameters' order: run, step, place, attempt.
type AttemptKey = (String, u32, u32, u32);

/// When: by the clock, and by the time observed.
type Moment = (Timestamp, i64);

/// What the checks look at.
struct Head {
    state: RunState,
    steps: u32,
    cancel_requested: bool,
}

/// An attempt at a call.
struct Attempt {
    attempt: u32,
    started: bool,
    end: Option<CallEnd>,
}

/// Stores `change` and its event; `kept` are the artifacts of its report.
///
/// Two changes may come twice: a cancel request, and an end of a call with equal content. Both are
/// answered with the event that tells of the first.
pub(super) fn apply(
    connection: &Connection,
    run: RunId,
    at: Moment,
    change: &Change,
    kept: &[RunArtifact],
) -> Result<Event, StoreError> {
    let head = head(connection, run)?.ok_or(StoreError::NotFound)?;
    if head.state.is_end() {
        return Err(StoreError::Ended);
    }
    // Whoever was told that a run will end hears of no other end.
    let cancelled = Change::Ended(RunEnd::Cancelled);
    let (change, kept) = match change {
        Change::Ended(_) if head.cancel_requested => (&cancelled, &[][..]),
        _ => (change, kept),
    };
    let data = change.data().map_err(|error| StoreError::Failed(error.to_string()))?;
    let kind = change.kind();
    if !store(connection, run, at, &head, change, kept)? {
        return told(connection, run, kind, change);
    }
    append(connection, run, at.0, kind, data)
}

/// False when the same is stored already.
fn store(
    connection: &Connection,
    run: RunId,
    at: Moment,
    head: &Head,
    change: &Change,
    kept: &[RunArtifact],
) -> Result<bool, StoreError> {
    match change {
        Change::Started => start(connection, run, at.0, head).map(|()| true),
        Change::StepPlanned { step, plan } => plan_step(connection, run, head, *step, plan).map(|()| true),
        Change::CallStarted { step, call, attempt } => {
            at_work(head)?;
            start_call(connection, &(run.to_string(), *step, *call, *attempt)).map(|()| true)
        }
        Change::CallEnded { step, call, attempt, end } => {
            at_work(head)?;
            end_call(connection, run, (*step, *call, *attempt), end)
        }
        Change::Logged { .. } => Ok(true),
        Change::CancelRequested => request_cancel(connection, run, head),
        Change::Ended(end) => finish(connection, run, at, head, end, kept).map(|()| true),
    }
}

fn head(connection: &Connection, run: RunId) -> Result<Option<Head>, StoreError> {
    let sql = "SELECT state, steps, cancel_requested FROM runs WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([run.to_string()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Head {
        state: parsed(row, "state")?,
        steps: row.get("steps")?,
        cancel_requested: row.get("cancel_requested")?,
    }))
}

fn at_work(head: &Head) -> Result<(), StoreError> {
    match head.state {
        RunState::Running => Ok(()),
        state => Err(StoreError::Conflict(format!("the run is {}, not running", state.as_str()))),
    }
}

fn start(connection: &Connection, run: RunId, at: Timestamp, head: &Head) -> Result<(), StoreError> {
    if head.state != RunState::Queued {
        return conflict("the run has started before");
    }
    let sql = "UPDATE runs SET state = 'running', started_at = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![run.to_string(), at.to_string()])?;
    Ok(())
}

fn plan_step(
    connection: &Connection,
    run: RunId,
    head: &Head,
    step: u32,
    plan: &Step,
) -> Result<(), StoreError> {
    at_work(head)?;
    if step != head.steps {
        return conflict(format!("step {step} cannot follow {} planned steps", head.steps));
    }
    let run = run.to_string();
    let sql = "INSERT INTO steps (run, step, plan) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![run, step, to_json(plan)?])?;
    schema::tell(connection, &run, step, plan)?;
    let sql = "INSERT INTO calls (run, step, place, attempt, started) VALUES (?1, ?2, ?3, 0, 0)";
    let mut statement = connection.prepare_cached(sql)?;
    for (place, _) in (0_u32..).zip(&plan.calls) {
        statement.execute(params![run, step, place])?;
    }
    let sql = "UPDATE runs SET steps = steps + 1 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([run])?;
    Ok(())
}

/// An attempt starts once: the one planned, or the next after the newest.
fn start_call(connection: &Connection, key: &AttemptKey) -> Result<(), StoreError> {
    let newest = newest_attempt(connection, key)?;
    let attempt = key.3;
    if newest.end.is_some() {
        return conflict("the call has ended");
    }
    if (attempt == newest.attempt && newest.started) || attempt < newest.attempt {
        return conflict(format!("attempt {attempt} has started before"));
    }
    if attempt > newest.attempt && attempt - newest.attempt > 1 {
        return conflict(format!("attempt {attempt} cannot follow attempt {}", newest.attempt));
    }
    let sql = "INSERT INTO calls (run, step, place, attempt, started) VALUES (?1, ?2, ?3, ?4, 1)
         ON CONFLICT (run, step, place, attempt) DO UPDATE SET started = 1";
    connection.prepare_cached(sql)?.execute(key.clone())?;
    Ok(())
}

/// False when the attempt ended so before.
fn end_call(
    connection: &Connection,
    run: RunId,
    (step, place, attempt): (u32, u32, u32),
    end: &CallEnd,
) -> Result<bool, StoreError> {
    let key = (run.to_string(), step, place, attempt);
    let newest = newest_attempt(connection, &key)?;
    if attempt != newest.attempt {
        return conflict(format!("attempt {attempt} ended, the newest is {}", newest.attempt));
    }
    match newest.end {
        Some(stored) if stored == *end => return Ok(false),
        Some(_) => return conflict("the call ended before in another way"),
        None => {}
    }
    let sql = "UPDATE calls SET ending = ?5 WHERE run = ?1 AND step = ?2 AND place = ?3 AND attempt = ?4";
    connection.prepare_cached(sql)?.execute(params![key.0, step, place, attempt, to_json(end)?])?;
    if let CallEnd::Result(result) = end {
        for artifact in left_by(result, (step, place)) {
            insert_artifact(connection, run, &artifact)?;
        }
    }
    Ok(true)
}

fn newest_attempt(connection: &Connection, key: &AttemptKey) -> Result<Attempt, StoreError> {
    let (run, step, place, _) = key;
    let sql = "SELECT attempt, started, ending FROM calls WHERE run = ?1 AND step = ?2 AND place = ?3
         ORDER BY attempt DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![run, step, place])?;
    let Some(row) = rows.next()? else {
        return conflict(format!("step {step} has no call {place}"));
    };
    Ok(Attempt {
        attempt: row.get("attempt")?,
        started: row.get("started")?,
        end: optional_json(row, "ending")?,
    })
}

/// Outputs and streams of a call, in this order.
fn left_by(result: &ContainerResult, origin: (u32, u32)) -> impl Iterator<Item = RunArtifact> {
    let outputs = result.outputs.iter().map(|artifact| (ArtifactKind::Output, artifact));
    let stdout = result.stdout_log.iter().map(|artifact| (ArtifactKind::Stdout, artifact));
    let stderr = result.stderr_log.iter().map(|artifact| (ArtifactKind::Stderr, artifact));
    outputs.chain(stdout).chain(stderr).map(move |(kind, artifact)| RunArtifact {
        kind,
        origin: Some(origin),
        artifact: artifact.clone(),
    })
}

/// False when it was requested before.
fn request_cancel(connection: &Connection, run: RunId, head: &Head) -> Result<bool, StoreError> {
    if head.cancel_requested {
        return Ok(false);
    }
    let sql = "UPDATE runs SET cancel_requested = 1 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([run.to_string()])?;
    Ok(true)
}

fn finish(
    connection: &Connection,
    run: RunId,
    (at, observed): Moment,
    head: &Head,
    end: &RunEnd,
    kept: &[RunArtifact],
) -> Result<(), StoreError> {
    let (report, error) = match end {
        RunEnd::Succeeded(report) => {
            at_work(head)?;
            (Some(to_json(report)?), None)
        }
        RunEnd::Failed(error) | RunEnd::TimedOut(error) => (None, Some(to_json(error)?)),
        RunEnd::Cancelled => (None, None),
    };
    let sql = "UPDATE runs SET state = ?2, ended_at = ?3, ended_ms = ?4, error = ?5 WHERE id = ?1";
    let values = params![run.to_string(), end.state().as_str(), at.to_string(), observed, error];
    connection.prepare_cached(sql)?.execute(values)?;
    if let Some(report) = report {
        let sql = "INSERT INTO reports (run, report) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute(params![run.to_string(), report])?;
    }
    kept.iter().try_for_each(|artifact| insert_artifact(connection, run, artifact))
}

/// Adds an artifact after those the run has.
pub(super) fn insert_artifact(
    connection: &Connection,
    run: RunId,
    entry: &RunArtifact,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO artifacts (run, ordinal, kind, step, place, path, size, sha256, media_type)
         SELECT ?1, coalesce(max(ordinal), -1) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
         FROM artifacts WHERE run = ?1";
    connection.prepare_cached(sql)?.execute(params![
        run.to_string(),
        rows::kind_name(entry.kind),
        entry.origin.map(|(step, _)| step),
        entry.origin.map(|(_, place)| place),
        entry.artifact.path.as_str(),
        signed(entry.artifact.size)?,
        entry.artifact.sha256.to_string(),
        entry.artifact.media_type,
    ])?;
    Ok(())
}

/// Adds the next event of the run; numbers have no gaps.
pub(super) fn append(
    connection: &Connection,
    run: RunId,
    at: Timestamp,
    kind: &str,
    data: Document,
) -> Result<Event, StoreError> {
    let id = run.to_string();
    let sql = "UPDATE runs SET last_event = last_event + 1 WHERE id = ?1 RETURNING last_event AS sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let sequence = statement.query_row([&id], |row| Ok(unsigned(row, "sequence")))??;
    let sql = "INSERT INTO events (run, sequence, at, kind, data) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![id, signed(sequence)?, at.to_string(), kind, data.as_str()];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(Event { run, sequence, at, kind: kind.to_owned(), data })
}

/// The event that told of `change` when it came first.
fn told(connection: &Connection, run: RunId, kind: &str, change: &Change) -> Result<Event, StoreError> {
    let call = match change {
        Change::CallEnded { step, call, attempt, .. } => Some((*step, *call, *attempt)),
        _ => None,
    };
    let sql = "SELECT sequence, at, kind, data FROM events WHERE run = ?1 AND kind = ?2
         AND data ->> 'step' IS ?3 AND data ->> 'call' IS ?4 AND data ->> 'attempt' IS ?5
         ORDER BY sequence LIMIT 1";
    let values = params![
        run.to_string(),
        kind,
        call.map(|(step, ..)| step),
        call.map(|(_, place, _)| place),
        call.map(|(.., attempt)| attempt),
    ];
    let mut statement = connection.prepare_cached(sql)?;
    let event = statement.query_row(values, |row| Ok(rows::event(run, row))).optional()?;
    event.unwrap_or_else(|| Err(StoreError::Corrupt(format!("the run {run} lacks its event `{kind}`"))))
}

fn conflict<T>(how: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::Conflict(how.into()))
}
