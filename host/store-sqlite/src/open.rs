//! The default store: SQLite and files in one data directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use simulay_model::{Clock, SystemClock};
use simulay_store::{Accounts, StoreError};
use tempfile::TempDir;

use crate::blobs::BLOBS;
use crate::blobs::ObjectBlobs;
use crate::connection::check_current;
use crate::copy::copy_records;
use crate::directory::{DirectoryLock, unusable};
use crate::observed::ObservedTime;
use crate::store::SqliteStore;
use crate::store::Times;

/// The file of the records.
pub(crate) const RECORDS: &str = "simulay.sqlite";

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
    let observed = Arc::<ObservedTime>::default();
    let blobs = Arc::new(ObjectBlobs::open(&directory.join(BLOBS), observed.clone(), lock.clone())?);
    let times = Times { clock, observed };
    let records = SqliteStore::open(&directory.join(RECORDS), times, Some(lock))?;
    Ok((Arc::new(records), blobs))
}

/// Accounts in the data directory, in which a host of this version may work.
///
/// # Errors
/// When it cannot be used, or the host at work there is of an earlier version.
pub fn accounts(directory: &Path) -> Result<Arc<dyn Accounts>, StoreError> {
    let lock = match DirectoryLock::take(directory) {
        Ok(lock) => Some(Arc::new(lock)),
        // Whoever has it has brought its schema up to date; to do so now is not for us.
        Err(_) => {
            check_current(&records_in(directory)?)?;
            None
        }
    };
    let times = Times { clock: Arc::new(SystemClock), observed: Arc::default() };
    Ok(Arc::new(SqliteStore::open(&directory.join(RECORDS), times, lock)?))
}

/// The records of a data directory as they were at one moment, and its blobs as they are.
pub struct Snapshot {
    /// A copy: what happens to it happens nowhere else.
    pub records: Arc<SqliteStore>,
    /// To look at.
    pub blobs: Arc<ObjectBlobs>,
    /// Goes with the rest; fields are dropped in order.
    _copy: TempDir,
}

/// Looks at the data directory, in which a host may work, and changes nothing there.
///
/// # Errors
/// When there is none, it cannot be read, or a newer version wrote it.
pub fn snapshot(directory: &Path) -> Result<Snapshot, StoreError> {
    let file = records_in(directory)?;
    let copy = tempfile::tempdir().map_err(|error| unusable(&std::env::temp_dir(), &error))?;
    let lock = Arc::new(DirectoryLock::take(copy.path())?);
    copy_records(&file, &copy.path().join(RECORDS))?;
    let observed = Arc::<ObservedTime>::default();
    let blobs = Arc::new(ObjectBlobs::look(&directory.join(BLOBS), observed.clone(), lock.clone())?);
    let times = Times { clock: Arc::new(SystemClock), observed };
    let records = SqliteStore::open(&copy.path().join(RECORDS), times, Some(lock))?;
    Ok(Snapshot { records: Arc::new(records), blobs, _copy: copy })
}

/// The file of the records, when `directory` is a data directory.
pub(crate) fn records_in(directory: &Path) -> Result<PathBuf, StoreError> {
    let file = directory.join(RECORDS);
    if file.is_file() {
        return Ok(file);
    }
    Err(StoreError::Failed(format!("{} is no data directory", directory.display())))
}
