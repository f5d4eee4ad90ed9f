//! The write-ahead log, laid out at its full length: a file that grows takes twice as long to become durable, since the
//! file system writes down its length and places as well.
//!
//! SQLite begins the log anew once it has so many pages, and writes over what was there. Behind its last valid frame it
//! reads nothing (sqlite.org/fileformat2.html, "The Write-Ahead Log").

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::failure::SqlResult;
use crate::reserve::free_in;

/// A page and the header of its frame, bytes.
const FRAME: u64 = 4096 + 24;
/// The pages after which SQLite begins anew (`wal_autocheckpoint`), and those of the commit that comes to so many.
const FRAMES: u64 = 1000 + 64;
/// On a disk with less room left than so many times its length, the log takes what it needs.
const PART: u64 = 32;

/// Lays out the log of a database that was read from. A disk that has no room is none the worse for it.
pub(crate) fn lay_out(connection: &mut Connection, directory: &Path) -> SqlResult<()> {
    if free_in(directory).map_or(0, |free| free / PART) < FRAME * FRAMES {
        return Ok(());
    }
    let Some(log) = connection.path().map(|path| format!("{path}-wal")) else { return Ok(()) };
    // Whoever has the right to write is the only one that adds to the log.
    let _alone = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Err(error) = OpenOptions::new().write(true).open(&log).and_then(extend) {
        tracing::info!(log, %error, "the log of the records is not laid out: commits take longer at first");
    }
    Ok(())
}

fn extend(mut log: File) -> io::Result<()> {
    let left = (FRAME * FRAMES).saturating_sub(log.seek(SeekFrom::End(0))?);
    io::copy(&mut io::repeat(0).take(left), &mut log)?;
    log.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::connection::connect;

    #[test]
    fn what_is_written_before_and_after_is_read_and_the_log_stays_as_long_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let length = || fs::metadata(directory.path().join("db-wal")).unwrap().len();
        let mut connection = connect(&file).unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)").unwrap();
        lay_out(&mut connection, directory.path()).unwrap();
        assert_eq!(length(), FRAME * FRAMES);
        for n in 2..=1500 {
            connection.execute("INSERT INTO t VALUES (?1)", [n]).unwrap();
        }
        assert_eq!(length(), FRAME * FRAMES);
        // As after a crash: the log is read, and not put away by whoever closes it.
        let copy = directory.path().join("copy");
        fs::copy(&file, &copy).unwrap();
        fs::copy(directory.path().join("db-wal"), directory.path().join("copy-wal")).unwrap();
        for place in [file, copy] {
            let count = connect(&place).unwrap().query_row("SELECT sum(n) FROM t", [], |row| row.get(0));
            assert_eq!(count, Ok(1500 * 1501 / 2));
        }
    }

    #[test]
    fn whoever_writes_meanwhile_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let (mut one, mut other) = (connect(&file).unwrap(), connect(&file).unwrap());
        one.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let writing = one.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        assert!(lay_out(&mut other, directory.path()).is_err());
        writing.commit().unwrap();
        lay_out(&mut other, directory.path()).unwrap();
    }
}
