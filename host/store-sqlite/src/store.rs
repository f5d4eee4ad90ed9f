//! Records and events in SQLite: one writer thread that commits in groups, a few readers.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use simulay_model::{Clock, Digest};
use simulay_store::{Flights, StoreError};

use crate::connection::{self, Readers};
use crate::failure::SqlResult;
use crate::leases;
use crate::observed::ObservedTime;
use crate::reserve::Reserve;
use crate::schema::{check_version, check_whole, known, migrate};
use crate::wal;
use crate::writer::Writer;

/// The file of the records, in the directory of the store.
pub(crate) const RECORDS: &str = "simulay.sqlite";

/// Plugins, runs and journals in one SQLite file.
pub struct SqliteStore {
    pub(crate) writer: Writer,
    readers: Readers,
    /// When leases end.
    pub(crate) clock: Arc<dyn Clock>,
    /// Who computes what: no other process does.
    pub(crate) flights: Flights,
    /// How old things are.
    pub(crate) observed: Arc<ObservedTime>,
    /// Where the records lie.
    pub(crate) directory: PathBuf,
    /// For what must be possible on a full disk.
    pub(crate) reserve: Arc<Reserve>,
    /// Let go of after the connections are closed: fields are dropped in order.
    _guard: Option<Box<dyn Send + Sync>>,
}

impl SqliteStore {
    /// Opens the records in `directory`, made when there are none, and brings their schema up to date. Leases
    /// end by `clock`. `blobs` tells which blobs lie beside them, and their sizes: records of a version that did not
    /// tell who uploaded what are told that all of these were uploaded, in the transaction that brings them up to
    /// date.
    ///
    /// # Errors
    /// When the directory cannot be used, or a newer version wrote the records.
    pub fn open(
        directory: &Path,
        clock: Arc<dyn Clock>,
        blobs: &dyn Fn() -> io::Result<Vec<(Digest, u64)>>,
    ) -> Result<Self, StoreError> {
        let mut writing = connection::connect(&directory.join(RECORDS))?;
        migrate(&mut writing, blobs)?;
        check_whole(&writing)?;
        wal::lay_out(&mut writing, directory)?;
        Self::over(writing, directory, clock, Reserve::open(directory))
    }

    /// Opens the records in `directory`, made when there are none, also while what another store holds is being taken
    /// in.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_fill(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let mut writing = connection::connect(&directory.join(RECORDS))?;
        migrate(&mut writing, &|| Ok(Vec::new()))?;
        Self::over(writing, directory, clock, Reserve::open(directory))
    }

    /// Opens the records in `directory` beside a host of this version that works there.
    ///
    /// # Errors
    /// When there are none, they cannot be used, or another version wrote them.
    pub fn beside(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        if !directory.join(RECORDS).is_file() {
            return Err(StoreError::NotFound);
        }
        let writing = connection::connect(&directory.join(RECORDS))?;
        // To bring them up to date is not for whoever has not the directory to himself.
        if check_version(&writing)? < known() {
            let message = "an earlier version of Simulay works in the data directory; use that one";
            return Err(StoreError::Failed(message.to_owned().into()));
        }
        check_whole(&writing)?;
        Self::over(writing, directory, clock, Reserve::of_another(directory))
    }

    fn over(
        writing: Connection,
        directory: &Path,
        clock: Arc<dyn Clock>,
        reserve: Reserve,
    ) -> Result<Self, StoreError> {
        let file = directory.join(RECORDS);
        let observed = Arc::new(ObservedTime::from(stored_time(&writing)?));
        let readers = Readers::open(&file)?;
        let writer = Writer::spawn(writing, move || connection::connect(&file))?;
        let reserve = Arc::new(reserve);
        let (directory, flights) = (directory.to_owned(), Flights::default());
        Ok(Self { writer, readers, clock, flights, observed, directory, reserve, _guard: None })
    }

    /// Keeps `guard` until the store is closed: the lock of a directory that it shares with others.
    #[must_use]
    pub fn holding(self, guard: impl Send + Sync + 'static) -> Self {
        Self { _guard: Some(Box::new(guard)), ..self }
    }

    /// The time by which all that is stored here ages: [`simulay_store::Retention::observe`] moves it on.
    #[must_use]
    pub fn observed_clock(&self) -> Arc<dyn Clock> {
        self.observed.clone()
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
