//! Connections: settings, readers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use simulay_store::StoreError;
use tokio::sync::Semaphore;

use crate::failure::{SqlError, SqlResult, stopped};
use crate::schema::known;

/// Earlier versions may corrupt a WAL database (sqlite.org/wal.html, "WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;
const READERS: usize = 3;
/// More statements than the store has.
const STATEMENTS: usize = 512;

/// A connection that writes.
pub(crate) fn connect(file: &Path) -> SqlResult<Connection> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::Failed(format!("SQLite {} is too old", rusqlite::version()).into()).into());
    }
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // What a savepoint is rolled back by: a file for it would be made and written with nearly every commit.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Writes what is there once more.
pub(crate) fn touch(connection: &Connection) -> SqlResult<()> {
    Ok(connection.pragma_update(None, "user_version", known())?)
}

/// A few read-only connections.
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn open(file: &Path) -> SqlResult<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok::<_, SqlError>(connection)
        };
        let idle = (0..READERS).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), places: Arc::new(Semaphore::new(READERS)) })
    }

    /// Runs `work` on a thread that may block.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        let place = self.places.clone().acquire_owned().await.map_err(|_| stopped())?;
        let idle = self.idle.clone();
        let work = move || {
            let _place = place;
            let connection = lock(&idle).pop().ok_or_else(stopped)?;
            let result = work(&connection);
            lock(&idle).push(connection);
            Ok(result?)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| stopped())?
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{known, migrate};

    #[test]
    fn the_writing_connection_is_durable_and_strict() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = connect(&directory.path().join("db")).unwrap();
        migrate(&mut connection, &|| Ok(Vec::new())).unwrap();
        let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(journal, "wal");
        assert_eq!(number("synchronous"), 2, "FULL");
        assert_eq!(number("foreign_keys"), 1);
        assert_eq!(number("user_version"), known());
        let loose: u32 = connection
            .query_row("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(loose, 0, "every table is STRICT");
    }

    #[tokio::test]
    async fn readers_do_not_write() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let _writing = connect(&file).unwrap();
        let readers = Readers::open(&file).unwrap();
        let refused = readers.read(|connection| Ok(connection.execute("CREATE TABLE t (n)", [])?)).await;
        assert!(matches!(refused, Err(StoreError::Unwritable(_))), "{refused:?}");
    }
}
