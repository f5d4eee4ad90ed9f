//! The default store: SQLite and files in one data directory.

use std::path::Path;
use std::sync::Arc;

use simulay_model::{Clock, SystemClock};

use crate::directory::DirectoryLock;
use crate::{ObjectBlobs, SqliteStore, StoreError};

/// Opens the data directory, made when there is none. It is held until both parts are dropped.
///
/// # Errors
/// When another host holds the directory, it cannot be used, or a newer version wrote it.
pub fn open(directory: &Path) -> Result<(Arc<SqliteStore>, Arc<ObjectBlobs>), StoreError> {
    open_with(directory, Arc::new(SystemClock))
}

/// As [`open`], with leases by another clock.
///
/// # Errors
/// As [`open`].
pub fn open_with(
    directory: &Path,
    clock: Arc<dyn Clock>,
) -> Result<(Arc<SqliteStore>, Arc<ObjectBlobs>), StoreError> {
    let lock = Arc::new(DirectoryLock::take(directory)?);
    let blobs = Arc::new(ObjectBlobs::open(&directory.join("blobs"), lock.clone())?);
    let records = SqliteStore::open(&directory.join("simulay.sqlite"), blobs.clone(), (clock, lock))?;
    Ok((Arc::new(records), blobs))
}
