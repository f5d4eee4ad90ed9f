//! Connections: settings, migrations, readers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::failure::stopped;
use crate::StoreError;

/// One script per schema version; `PRAGMA user_version` counts those that ran.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("plugin_life.sql"),
    include_str!("leases.sql"),
    include_str!("upkeep.sql"),
];
/// Earlier versions may corrupt a WAL database (sqlite.org/wal.html, "WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;
const READERS: usize = 3;

/// The writing connection, with an up-to-date schema.
pub(super) fn open_for_writing(file: &Path) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::Failed(format!("SQLite {} is too old", rusqlite::version())));
    }
    let mut connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done = check_version(&transaction)?;
    if done == known() {
        return Ok(());
    }
    for script in MIGRATIONS.iter().skip(done as usize) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", known())?;
    transaction.commit()?;
    Ok(())
}

fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The version of the schema; one that is not known here is left alone.
pub(super) fn check_version(connection: &Connection) -> Result<u32, StoreError> {
    let done = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if done > known() {
        let message = "the data directory was written by a newer version of Simulay; use that one";
        return Err(StoreError::Failed(message.to_owned()));
    }
    Ok(done)
}

/// Writes what is there once more.
pub(super) fn touch(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.pragma_update(None, "user_version", known())?)
}

/// A few read-only connections.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            Ok::<_, StoreError>(connection)
        };
        let idle = (0..READERS).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), places: Arc::new(Semaphore::new(READERS)) })
    }

    /// Runs `work` on a thread that may block.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let place = self.places.clone().acquire_owned().await.map_err(|_| stopped())?;
        let idle = self.idle.clone();
        let work = move || {
            let _place = place;
            let connection = lock(&idle).pop().ok_or_else(stopped)?;
            let result = work(&connection);
            lock(&idle).push(connection);
            result
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

    #[test]
    fn the_writing_connection_is_durable_and_strict() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_for_writing(&directory.path().join("db")).unwrap();
        let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(journal, "wal");
        assert_eq!(number("synchronous"), 2, "FULL");
        assert_eq!(number("foreign_keys"), 1);
        assert_eq!(number("user_version"), 4);
        let loose: u32 = connection
            .query_row("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(loose, 0, "every table is STRICT");
    }

    #[test]
    fn data_of_the_first_schema_comes_along() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let old = Connection::open(&file).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO plugins (name, version, sha256, size, manifest, uploaded_at, retired_at)
             VALUES ('heat', ?1, 'x', 1, '{}', '2026-01-01T00:00:00Z', ?2)";
        old.execute(insert, ("1.0.0", Some("2026-02-01T00:00:00Z"))).unwrap();
        old.execute(insert, ("1.1.0", None::<&str>)).unwrap();
        drop(old);
        let connection = open_for_writing(&file).unwrap();
        let sql = "SELECT state || ' ' || approved_at || ' ' || contract FROM plugins ORDER BY version";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let rows: Vec<String> = rows.map(Result::unwrap).collect();
        assert_eq!(rows, ["retired 2026-01-01T00:00:00Z 0.1.0", "active 2026-01-01T00:00:00Z 0.1.0"]);
    }

    #[test]
    fn data_of_a_newer_version_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let newer = open_for_writing(&file).unwrap();
        newer.pragma_update(None, "user_version", 1000).unwrap();
        drop(newer);
        let refused = open_for_writing(&file).unwrap_err().to_string();
        assert!(refused.contains("newer version of Simulay"), "{refused}");
    }

    #[tokio::test]
    async fn readers_do_not_write() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let _writing = open_for_writing(&file).unwrap();
        let readers = Readers::open(&file).unwrap();
        let refused = readers.read(|connection| Ok(connection.execute("DELETE FROM events", [])?)).await;
        assert!(refused.unwrap_err().to_string().contains("readonly"));
    }
}
