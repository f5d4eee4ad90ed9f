//! The schema, and how what an earlier version wrote is brought up to it.

use std::io;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use simulay_model::{AccountName, AskedCall, Digest, Step};
use simulay_store::StoreError;

use crate::failure::SqlResult;
use crate::rows::{json, signed, to_json};

/// Tells which blobs lie beside the records, and their sizes.
pub(crate) type ListBlobs<'a> = &'a dyn Fn() -> io::Result<Vec<(Digest, u64)>>;

/// What SQL cannot do after a script.
type Rest = fn(&Transaction<'_>, ListBlobs<'_>) -> SqlResult<()>;

/// A script and what comes after it.
type Migration = (&'static str, Rest);

/// One for each schema version; `PRAGMA user_version` counts those that ran.
const MIGRATIONS: &[Migration] = &[
    (include_str!("schema/first.sql"), nothing),
    (include_str!("schema/plugin_life.sql"), nothing),
    (include_str!("schema/leases.sql"), nothing),
    (include_str!("schema/upkeep.sql"), nothing),
    (include_str!("schema/documents.sql"), tell_what_is_asked),
    (include_str!("schema/plugin_revisions.sql"), nothing),
    (include_str!("schema/owners.sql"), record_uploads),
    (include_str!("schema/accounts.sql"), nothing),
    (include_str!("schema/credentials.sql"), nothing),
    (include_str!("schema/audit.sql"), nothing),
    (include_str!("schema/sharing.sql"), nothing),
    (include_str!("schema/quotas.sql"), count_what_is_stored),
    (include_str!("schema/flows.sql"), nothing),
    (include_str!("schema/transfer.sql"), nothing),
    (include_str!("schema/run_names.sql"), nothing),
    (include_str!("schema/sweeps.sql"), nothing),
    (include_str!("schema/changes.sql"), nothing),
    (include_str!("schema/sweep_attempts.sql"), nothing),
    (include_str!("schema/reuse.sql"), nothing),
    (include_str!("schema/isolation.sql"), nothing),
];

/// Brings the schema up to date, whole or not at all.
pub(crate) fn migrate(connection: &mut Connection, blobs: ListBlobs<'_>) -> SqlResult<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = check_version(&transaction)?;
    if done == known() {
        return Ok(());
    }
    for (script, rest) in MIGRATIONS.iter().skip(done as usize) {
        transaction.execute_batch(script)?;
        rest(&transaction, blobs)?;
    }
    transaction.pragma_update(None, "user_version", known())?;
    transaction.commit()?;
    Ok(())
}

/// The version of the schema this program writes.
pub(crate) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The version of the schema; one that is not known here is left alone.
pub(crate) fn check_version(connection: &Connection) -> SqlResult<u32> {
    let done = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if done > known() {
        let message = "the data directory was written by a newer version of Simulay; use that one";
        return Err(StoreError::Failed(message.into()).into());
    }
    Ok(done)
}

/// What is being taken in of another store, when that was begun and not finished.
pub(crate) fn unfinished(connection: &Connection) -> SqlResult<Option<String>> {
    Ok(connection.query_row("SELECT source FROM transfer", [], |row| row.get(0)).optional()?)
}

/// Refuses records that take in what another store holds and are not whole yet.
pub(crate) fn check_whole(connection: &Connection) -> SqlResult<()> {
    match unfinished(connection)? {
        None => Ok(()),
        Some(source) => Err(StoreError::unfinished(&source).into()),
    }
}

const fn nothing(_: &Transaction<'_>, _: ListBlobs<'_>) -> SqlResult<()> {
    Ok(())
}

/// Writes down what the calls of every plan ask for. A plan that is damaged damages its run only.
fn tell_what_is_asked(transaction: &Transaction<'_>, _: ListBlobs<'_>) -> SqlResult<()> {
    let mut statement = transaction.prepare("SELECT run, step, plan FROM steps")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (run, step): (String, u32) = (row.get("run")?, row.get("step")?);
        match json::<Step>(row, "plan") {
            Ok(plan) => tell(transaction, &run, step, &plan)?,
            Err(error) => tracing::error!(run, step, %error, "the plan of a step is damaged"),
        }
    }
    Ok(())
}

/// Writes down what the calls of `plan` ask for.
pub(crate) fn tell(connection: &Connection, run: &str, step: u32, plan: &Step) -> SqlResult<()> {
    // Without the names of the columns, one of which had another when this wrote to an earlier schema.
    let sql = "INSERT INTO asked VALUES (?1, ?2, ?3, ?4)";
    let mut statement = connection.prepare_cached(sql)?;
    for (index, call) in (0_u32..).zip(&plan.calls) {
        statement.execute(params![run, step, index, to_json(&AskedCall::from(call))?])?;
    }
    Ok(())
}

/// What lies beside the records was uploaded by the one person there was.
fn record_uploads(transaction: &Transaction<'_>, blobs: ListBlobs<'_>) -> SqlResult<()> {
    let sql = "INSERT INTO uploads (sha256, owner, at_ms) SELECT ?1, ?2, ms FROM observed";
    let mut statement = transaction.prepare(sql)?;
    for (blob, _) in listed(blobs)? {
        statement.execute(params![blob.to_string(), AccountName::local().as_str()])?;
    }
    Ok(())
}

/// Counts what accounts keep, from then on by triggers. Until now nobody wrote down how large an upload is.
fn count_what_is_stored(transaction: &Transaction<'_>, blobs: ListBlobs<'_>) -> SqlResult<()> {
    let mut statement = transaction.prepare("UPDATE uploads SET size = ?2 WHERE sha256 = ?1")?;
    transaction.execute("UPDATE uploads SET size = -1", [])?;
    for (blob, size) in listed(blobs)? {
        statement.execute(params![blob.to_string(), signed(size)?])?;
    }
    // What is not there any more is nobody's, and its size is not known.
    transaction.execute("DELETE FROM uploads WHERE size < 0", [])?;
    Ok(transaction.execute_batch(include_str!("schema/quotas_stored.sql"))?)
}

fn listed(blobs: ListBlobs<'_>) -> SqlResult<Vec<(Digest, u64)>> {
    Ok(blobs().map_err(|error| StoreError::of_file(Path::new("the directory of the blobs"), error))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_the_first_schema_comes_along() {
        let mut old = Connection::open_in_memory().unwrap();
        old.execute_batch(MIGRATIONS[0].0).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO plugins (name, version, sha256, size, manifest, uploaded_at, retired_at)
             VALUES ('heat', ?1, 'x', 1, '{}', '2026-01-01T00:00:00Z', ?2)";
        old.execute(insert, ("1.0.0", Some("2026-02-01T00:00:00Z"))).unwrap();
        old.execute(insert, ("1.1.0", None::<&str>)).unwrap();
        migrate(&mut old, &|| Ok(Vec::new())).unwrap();
        let sql = "SELECT state || ' ' || approved_at || ' ' || contract || ' ' || revision FROM plugins
             ORDER BY version";
        let mut statement = old.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let rows: Vec<String> = rows.map(Result::unwrap).collect();
        assert_eq!(rows, ["retired 2026-01-01T00:00:00Z 0.1.0 0", "active 2026-01-01T00:00:00Z 0.1.0 0"]);
        let observed: i64 = old.query_row("SELECT ms FROM observed", [], |row| row.get(0)).unwrap();
        assert_eq!(observed, 1_767_225_600_000, "time goes on where it was");
    }

    #[test]
    fn uploads_that_are_there_are_counted_and_others_forgotten() {
        let mut old = Connection::open_in_memory().unwrap();
        let before = 11;
        MIGRATIONS[..before].iter().for_each(|(script, _)| old.execute_batch(script).unwrap());
        old.pragma_update(None, "user_version", u32::try_from(before).unwrap()).unwrap();
        let [there, gone] = [b"there", b"gone!"].map(|bytes| Digest::of(bytes));
        for (blob, owner) in [(there, "ada"), (there, "bob"), (gone, "ada")] {
            let sql = "INSERT INTO uploads (sha256, owner, at_ms) VALUES (?1, ?2, 0)";
            old.execute(sql, [&blob.to_string(), owner]).unwrap();
        }
        migrate(&mut old, &|| Ok(vec![(there, 5)])).unwrap();
        let sql = "SELECT owner || ' ' || blob_bytes || ' ' || record_bytes FROM stored ORDER BY owner";
        let mut statement = old.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(rows.map(Result::unwrap).collect::<Vec<_>>(), ["ada 5 0", "bob 5 0"]);
        let kept: u32 = old.query_row("SELECT count(*) FROM uploads", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 2);
    }

    #[test]
    fn runs_of_a_point_are_numbered_by_their_age() {
        let mut old = Connection::open_in_memory().unwrap();
        let before = 17;
        MIGRATIONS[..before].iter().for_each(|(script, _)| old.execute_batch(script).unwrap());
        old.execute_batch(include_str!("schema/quotas_stored.sql")).unwrap();
        old.pragma_update(None, "user_version", u32::try_from(before).unwrap()).unwrap();
        for (id, sweep, point) in [
            ("a", Some("s"), Some(0)),
            ("b", Some("s"), Some(1)),
            ("c", None, None),
            ("d", Some("s"), Some(0)),
        ] {
            let sql = "INSERT INTO runs (id, pipeline, version, sha256, seed, state, steps, cancel_requested,
                created_at, last_event, retries, owner, sweep, sweep_point)
                VALUES (?1, 'heat', '1.0.0', 'x', '1', 'failed', 0, 0, '', 1, 0, 'ada', ?2, ?3)";
            old.execute(sql, (id, sweep, point)).unwrap();
        }
        migrate(&mut old, &|| Ok(Vec::new())).unwrap();
        let sql = "SELECT id || ' ' || ifnull(sweep_attempt, 'none') FROM runs ORDER BY id";
        let mut statement = old.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(rows.map(Result::unwrap).collect::<Vec<_>>(), ["a 0", "b 0", "c none", "d 1"]);
    }

    #[test]
    fn data_of_a_newer_version_is_left_alone() {
        let mut newer = Connection::open_in_memory().unwrap();
        newer.pragma_update(None, "user_version", 1000).unwrap();
        let refused = migrate(&mut newer, &|| Ok(Vec::new())).unwrap_err().to_string();
        assert!(refused.contains("newer version of Simulay"), "{refused}");
    }
}
