//! Records and events in SQLite: one writer thread that commits in groups, a few readers.

mod connection;
mod failure;
mod journal;
mod leases;
mod plugins;
mod requests;
mod rows;
mod runs;
mod transition;
mod watchers;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use simulay_model::Clock;

use crate::directory::DirectoryLock;
use crate::{Blobs, StoreError};
use connection::Readers;
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
        Ok(Self {
            readers: Readers::open(file)?,
            writer: Writer::spawn(writing)?,
            watchers: Watchers::default(),
            blobs,
            clock,
            _lock: lock,
        })
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.write(work, |_| ()).await
    }

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.read(work).await
    }
}
