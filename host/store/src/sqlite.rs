//! Records and events in SQLite: one writer thread that commits in groups, a few readers.

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
mod space;
mod transition;
mod watchers;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use simulay_model::Clock;

use crate::directory::DirectoryLock;
use crate::{Blobs, StoreError};
use connection::Readers;
pub(crate) use copy::{check_sound, copy_records, referenced};
use watchers::Watchers;
use writer::Writer;

/// Plugins, runs and journals in one SQLite file.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    watchers: Watchers,
    /// Tells the size of a kept file when its run ends.
    blobs: Arc<dyn Blobs>,
    /// When leases end.
    clock: Arc<dyn Clock>,
    /// Where records and blobs lie.
    directory: PathBuf,
    /// Given back after the connections are closed: fields are dropped in order.
    _lock: Arc<DirectoryLock>,
}

impl SqliteStore {
    /// Opens the database `file`, made when there is none, and brings its schema up to date.
    pub(crate) fn open(
        file: &Path,
        blobs: Arc<dyn Blobs>,
        (clock, lock): (Arc<dyn Clock>, Arc<DirectoryLock>),
    ) -> Result<Self, StoreError> {
        let writing = connection::open_for_writing(file)?;
        let again = file.to_owned();
        let reopen = move || connection::open_for_writing(&again);
        Ok(Self {
            readers: Readers::open(file)?,
            writer: Writer::spawn(writing, reopen)?,
            watchers: Watchers::default(),
            blobs,
            clock,
            directory: file.parent().unwrap_or(Path::new(".")).to_owned(),
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

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.read(work).await
    }
}
