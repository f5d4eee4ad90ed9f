//! Records and events in SQLite: one writer thread that commits in groups, a few readers.

mod commit;
mod connection;
mod copy;
mod failure;
mod journal;
mod leases;
mod plugins;
mod requests;
mod retention;
mod rows;
mod runs;
mod schema;
mod space;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use simulay_model::Clock;

use crate::StoreError;
use crate::directory::DirectoryLock;
use crate::observed::ObservedTime;
use crate::reserve::Reserve;
use connection::Readers;
pub(crate) use copy::{check_sound, copy_records, referenced};
use writer::Writer;

/// What tells the time.
pub(crate) struct Times {
    /// Of leases.
    pub(crate) clock: Arc<dyn Clock>,
    /// Of ages; goes on from what is stored.
    pub(crate) observed: Arc<ObservedTime>,
}

/// Plugins, runs and journals in one SQLite file.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    /// When leases end.
    clock: Arc<dyn Clock>,
    /// How old things are.
    observed: Arc<ObservedTime>,
    /// Where records and blobs lie.
    directory: PathBuf,
    /// For what must be possible on a full disk.
    reserve: Arc<Reserve>,
    /// Given back after the connections are closed: fields are dropped in order.
    _lock: Arc<DirectoryLock>,
}

impl SqliteStore {
    /// Opens the database `file`, made when there is none, and brings its schema up to date.
    pub(crate) fn open(
        file: &Path,
        Times { clock, observed }: Times,
        lock: Arc<DirectoryLock>,
    ) -> Result<Self, StoreError> {
        let writing = connection::open_for_writing(file)?;
        observed.resume(writing.query_row("SELECT ms FROM observed", [], |row| row.get(0))?);
        let again = file.to_owned();
        let reopen = move || connection::open_for_writing(&again);
        let directory = file.parent().unwrap_or(Path::new("."));
        Ok(Self {
            readers: Readers::open(file)?,
            writer: Writer::spawn(writing, reopen)?,
            clock,
            observed,
            directory: directory.to_owned(),
            reserve: Arc::new(Reserve::open(directory)),
            _lock: lock,
        })
    }

    async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.write(name, work, |_| ()).await
    }

    /// As [`Self::write`], also on a full disk: what frees room, or ends what takes it.
    async fn write_at_last<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        match self.write(name, work.clone()).await {
            Err(error) if self.makes_room(&error) => self.write(name, work).await,
            written => written,
        }
    }

    /// Gives the reserve away when that may help: the disk is full, or a write of the same group found it so.
    /// Who finds it given away a moment ago tries again as well.
    fn makes_room(&self, error: &StoreError) -> bool {
        let full = matches!(error, StoreError::Full | StoreError::Unwritable(_));
        if full {
            self.reserve.release();
        }
        full
    }

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.read(work).await
    }
}
