//! The records of one directory in another.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use simulay_model::Digest;
use simulay_store::StoreError;

use crate::changes;
use crate::failure::{SqlError, SqlResult};
use crate::rows::parsed;
use crate::schema::check_version;
use crate::store::RECORDS;

/// True when there are records in `directory`.
#[must_use]
pub fn holds_records(directory: &Path) -> bool {
    directory.join(RECORDS).is_file()
}

/// Copies the records in `from`, where a host may write, to `to`, as they are at one moment. Gives the blobs
/// that they name.
///
/// # Errors
/// When there are none, they cannot be read, or a newer version wrote them.
pub fn copy_records(from: &Path, to: &Path) -> Result<BTreeSet<Digest>, StoreError> {
    let target = to.join(RECORDS);
    copy_at_once(&from.join(RECORDS), &target)?;
    make_durable(&target).map_err(|error| StoreError::of_file(to, error))?;
    Ok(named(&Connection::open(&target).map_err(SqlError::from)?)?)
}

/// Puts records that [`copy_records`] copied to `from` back to `to`. Gives the blobs that they name.
///
/// # Errors
/// When they are damaged, or a newer version wrote them.
pub fn restore_records(from: &Path, to: &Path) -> Result<BTreeSet<Digest>, StoreError> {
    let target = to.join(RECORDS);
    let copied = fs::copy(from.join(RECORDS), &target).and_then(|_| make_durable(&target));
    copied.map_err(|error| StoreError::of_file(to, error))?;
    let records = Connection::open(&target).map_err(SqlError::from)?;
    check_sound(&records)?;
    changes::begin_anew(&records)?;
    let named = named(&records)?;
    records.close().map_err(|(_, error)| SqlError::from(error))?;
    Ok(named)
}

fn make_durable(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()
}

fn copy_at_once(source: &Path, target: &Path) -> SqlResult<()> {
    let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    source.busy_timeout(Duration::from_secs(5))?;
    check_version(&source)?;
    let mut target = Connection::open(target)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        // A copy in pieces would begin anew with every write of the host.
        while backup.step(-1)? != StepResult::Done {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    target.close().map_err(|(_, error)| error.into())
}

/// Refuses records that are damaged, or that a newer version wrote.
fn check_sound(connection: &Connection) -> SqlResult<()> {
    check_version(connection)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Corrupt(found.into()).into()) }
}

/// Every blob that a record names.
fn named(connection: &Connection) -> SqlResult<BTreeSet<Digest>> {
    let sql = "SELECT sha256 FROM artifacts UNION SELECT sha256 FROM plugins";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_and_then([], |row| parsed(row, "sha256"))?;
    rows.collect()
}
