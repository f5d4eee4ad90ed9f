//! Who works on a run: one holder at a time, known by the fence that each of his writes carries.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use simulay_model::RunId;
use simulay_store::{Lease, Renewed, StoreError};

use crate::failure::SqlResult;
use crate::rows::{self, signed, unsigned};

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn acquire(
    connection: &Connection,
    run: RunId,
    holder: &str,
    (now, time): (i64, Duration),
) -> SqlResult<Option<Lease>> {
    if ended(connection, run)? {
        return Err(StoreError::Ended.into());
    }
    // Whoever a holder was before, he is no more: his own lease does not hold him up.
    let sql = "INSERT INTO leases (run, holder, fence, until_ms) VALUES (?1, ?2, 1, ?4)
         ON CONFLICT (run) DO UPDATE SET holder = ?2, fence = fence + 1, until_ms = ?4
         WHERE holder = ?2 OR until_ms <= ?3
         RETURNING fence, worked_ms";
    let values = params![run.to_string(), holder, now, now.saturating_add(millis(time))];
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(rows::lease(row)?))
}

pub(crate) fn renew(
    connection: &Connection,
    run: RunId,
    lease: Lease,
    (now, time): (i64, Duration),
) -> SqlResult<Renewed> {
    let sql = "UPDATE leases SET until_ms = ?3, worked_ms = ?4 WHERE run = ?1 AND fence = ?2
         RETURNING (SELECT cancel_requested FROM runs WHERE id = ?1)";
    let until = now.saturating_add(millis(time));
    let values = params![run.to_string(), signed(lease.fence)?, until, millis(lease.active)];
    let renewed = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    match renewed {
        Some(cancel_requested) => Ok(Renewed { cancel_requested }),
        // A run gives its lease back when it ends.
        None if ended(connection, run)? => Err(StoreError::Ended.into()),
        None => Err(StoreError::Fenced.into()),
    }
}

/// Puts in what a run was leased with elsewhere: a time that is over.
pub(crate) fn put(connection: &Connection, run: RunId, lease: Lease) -> SqlResult<()> {
    let sql = "INSERT INTO leases (run, holder, fence, until_ms, worked_ms) VALUES (?1, '', ?2, 0, ?3)";
    let values = params![run.to_string(), signed(lease.fence)?, millis(lease.active)];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Lets go of all leases.
pub(crate) fn expire(connection: &Connection) -> SqlResult<()> {
    connection.execute("UPDATE leases SET until_ms = 0", [])?;
    Ok(())
}

fn ended(connection: &Connection, run: RunId) -> SqlResult<bool> {
    let sql = "SELECT ended_at IS NOT NULL FROM runs WHERE id = ?1";
    let ended = connection.prepare_cached(sql)?.query_row([run.to_string()], |row| row.get(0)).optional()?;
    Ok(ended.ok_or(StoreError::NotFound)?)
}

/// Refuses a write with an older fence than the newest.
pub(crate) fn check(connection: &Connection, run: RunId, fence: u64) -> SqlResult<()> {
    let mut statement = connection.prepare_cached("SELECT fence FROM leases WHERE run = ?1")?;
    let newest = statement.query_row([run.to_string()], |row| Ok(unsigned(row, "fence"))).optional()?;
    match newest.transpose()? {
        Some(newest) if newest == fence => Ok(()),
        // What has ended is leased to nobody.
        None if ended(connection, run)? => Err(StoreError::Ended.into()),
        _ => Err(StoreError::Fenced.into()),
    }
}

/// Gives the lease of a run that has ended back.
pub(crate) fn end(connection: &Connection, run: RunId) -> SqlResult<()> {
    connection.prepare_cached("DELETE FROM leases WHERE run = ?1")?.execute([run.to_string()])?;
    Ok(())
}
