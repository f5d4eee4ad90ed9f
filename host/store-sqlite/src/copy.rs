//! The records of one database in another.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use simulay_model::Digest;
use simulay_store::StoreError;

use crate::failure::SqlResult;
use crate::rows::parsed;
use crate::schema::check_version;

/// Copies the records of `source`, in which a host may write, as they are at one moment.
pub(crate) fn copy_records(source: &Path, target: &Path) -> SqlResult<()> {
    let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    source.busy_timeout(Duration::from_secs(5))?;
    check_version(&source)?;
    let mut target = Connection::open(target)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        // All at once: a copy in pieces begins anew with every write of the host.
        while backup.step(-1)? != StepResult::Done {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    target.close().map_err(|(_, error)| error.into())
}

/// Refuses records that are damaged, or that a newer version wrote.
pub(crate) fn check_sound(connection: &Connection) -> SqlResult<()> {
    check_version(connection)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Corrupt(format!("the records: {found}")).into()) }
}

/// Every blob that a record names.
pub(crate) fn referenced(connection: &Connection) -> SqlResult<BTreeSet<Digest>> {
    let sql = "SELECT sha256 FROM artifacts UNION SELECT sha256 FROM plugins";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_and_then([], |row| parsed(row, "sha256"))?;
    rows.collect()
}
