//! The data directory: records in SQLite and blobs in files, which one host at a time works in.

mod backup;
mod lock;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use simulay_blobs_object_store::{ObjectBlobs, stored_in};
use simulay_engine::RetentionPorts;
use simulay_model::SystemClock;
use simulay_store_sqlite::{AuditFile, SqliteStore, copy_records, holds_records};

use self::lock::{DirectoryLock, Held};
use crate::fault::Usage;

pub(crate) use self::backup::{Identity, back_up, restore};
pub(crate) use simulay_blobs_object_store::Copied;

/// The directory of the blobs in a data directory.
const BLOBS: &str = "blobs";

/// An open data directory. It is held until both parts are dropped.
pub(crate) struct DataDirectory {
    pub(crate) records: Arc<SqliteStore>,
    pub(crate) blobs: Arc<ObjectBlobs>,
}

impl DataDirectory {
    /// Opens the data directory, made when there is none.
    ///
    /// # Errors
    /// When another host holds the directory, it cannot be used, or a newer version wrote it.
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        let lock = Arc::new(DirectoryLock::take(directory)?);
        let folder = directory.join(BLOBS);
        let records = SqliteStore::open(directory, Arc::new(SystemClock), &|| stored_in(&folder))?;
        let blobs = ObjectBlobs::open(&folder, records.observed_clock())?;
        Ok(Self { records: Arc::new(records.holding(lock.clone())), blobs: Arc::new(blobs.holding(lock)) })
    }

    /// Opens the data directory, made when there is none, to take in what is moved to it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn open_to_fill(directory: &Path) -> anyhow::Result<Self> {
        let lock = Arc::new(DirectoryLock::take(directory)?);
        let records = SqliteStore::open_to_fill(directory, Arc::new(SystemClock))?;
        let blobs = ObjectBlobs::open(&directory.join(BLOBS), records.observed_clock())?;
        Ok(Self { records: Arc::new(records.holding(lock.clone())), blobs: Arc::new(blobs.holding(lock)) })
    }

    /// The records of a data directory as they are at this moment, and its blobs as they are. A host may work
    /// there: nothing that happens here happens there, as long as no blob is removed.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or a newer version wrote it.
    pub(crate) fn snapshot(directory: &Path) -> anyhow::Result<Self> {
        let (copy, folder) = (tempfile::tempdir()?, directory.join(BLOBS));
        copy_records(directory, copy.path())?;
        let records = SqliteStore::open(copy.path(), Arc::new(SystemClock), &|| stored_in(&folder))?;
        let blobs = ObjectBlobs::look(&folder, records.observed_clock())?;
        Ok(Self { records: Arc::new(records.holding(copy)), blobs: Arc::new(blobs) })
    }

    /// The records in a data directory, in which a host of this version may work.
    ///
    /// # Errors
    /// When it cannot be used, or another version works there.
    pub(crate) fn records(directory: &Path) -> anyhow::Result<Arc<SqliteStore>> {
        check_records(directory)?;
        match DirectoryLock::take(directory) {
            Ok(lock) => drop(lock),
            Err(error) if error.is::<Held>() => {
                return Ok(Arc::new(SqliteStore::beside(directory, Arc::new(SystemClock))?));
            }
            Err(error) => return Err(error),
        }
        Ok(Self::open(directory)?.records)
    }

    /// The audit log in a data directory or a copy of one. Nothing is written there, and a host may work there.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub(crate) fn audit(directory: &Path) -> anyhow::Result<AuditFile> {
        check_records(directory)?;
        Ok(AuditFile::open(directory)?)
    }

    /// What a collection looks at.
    pub(crate) fn kept(&self) -> RetentionPorts {
        RetentionPorts::over(self.records.clone(), self.blobs.clone(), Arc::new(SystemClock))
    }
}

fn check_records(directory: &Path) -> anyhow::Result<()> {
    if !holds_records(directory) {
        bail!(Usage(format!(
            "{} is no data directory; name that of the server with --data, or start one in it first",
            directory.display()
        )));
    }
    Ok(())
}
