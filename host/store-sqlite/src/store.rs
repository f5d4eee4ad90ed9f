//! Records and events in SQLite: one writer thread that commits in groups, a few readers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use simulay_model::Clock;
use simulay_store::StoreError;

use crate::connection::{self, Readers};
use crate::directory::DirectoryLock;
use crate::failure::SqlResult;
use crate::leases;
use crate::observed::ObservedTime;
use crate::reserve::Reserve;
use crate::writer::Writer;

/// What tells the time.
pub(crate) struct Times {
    /// Of leases.
    pub(crate) clock: Arc<dyn Clock>,
    /// Of ages; goes on from what is stored.
    pub(crate) observed: Arc<ObservedTime>,
}

/// Plugins, runs and journals in one SQLite file.
pub struct SqliteStore {
    pub(crate) writer: Writer,
    readers: Readers,
    /// When leases end.
    pub(crate) clock: Arc<dyn Clock>,
    /// How old things are.
    pub(crate) observed: Arc<ObservedTime>,
    /// Where records and blobs lie.
    pub(crate) directory: PathBuf,
    /// For what must be possible on a full disk.
    pub(crate) reserve: Arc<Reserve>,
    /// Given back after the connections are closed: fields are dropped in order. None beside a host that has it.
    _lock: Option<Arc<DirectoryLock>>,
}

impl SqliteStore {
    /// Opens the database `file`, made when there is none, and brings its schema up to date.
    pub(crate) fn open(
        file: &Path,
        Times { clock, observed }: Times,
        lock: Option<Arc<DirectoryLock>>,
    ) -> Result<Self, StoreError> {
        let writing = connection::open_for_writing(file)?;
        observed.resume(stored_time(&writing)?);
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

    /// Lets go of all leases. For a host that has the directory to itself: whoever held them is no more, also in
    /// a copy of the directory of a host that lives.
    ///
    /// # Errors
    /// When the disk takes nothing; the leases then end when their time is over.
    pub async fn expire_leases(&self) -> Result<(), StoreError> {
        self.write_at_last("lease.expire", leases::expire).await
    }

    pub(crate) async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        self.writer.write(name, work).await
    }

    /// As [`Self::write`], also on a full disk: what frees room, or ends what takes it.
    pub(crate) async fn write_at_last<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Clone + Send + 'static,
    {
        match self.write(name, work.clone()).await {
            Err(error) if self.makes_room(&error) => self.write(name, work).await,
            written => written,
        }
    }

    /// Gives the reserve away when that may help: the disk is full, or a write of the same group found it so.
    /// Who finds it given away a moment ago tries again as well.
    pub(crate) fn makes_room(&self, error: &StoreError) -> bool {
        let full = matches!(error, StoreError::Full | StoreError::Unwritable(_));
        if full {
            self.reserve.release();
        }
        full
    }

    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    {
        self.readers.read(work).await
    }
}

/// The time observed when it was last written down.
fn stored_time(connection: &Connection) -> SqlResult<i64> {
    Ok(connection.query_row("SELECT ms FROM observed", [], |row| row.get(0))?)
}
