//! What is kept no longer.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{AccountName, Digest, OwnerFilter, RunId};

use crate::StoreError;

/// Records that are kept no longer.
#[async_trait]
pub trait Retention: Send + Sync {
    /// At most `limit` runs that ended at least `age` ago and may be deleted, from the one that ended
    /// first. One that a remembered request tells of may not.
    async fn ended(&self, owner: &OwnerFilter, age: Duration, limit: u32) -> Result<Vec<RunId>, StoreError>;

    /// Bytes that only this run keeps: blobs that nobody else shows, and its records.
    async fn own_bytes(&self, run: RunId) -> Result<u64, StoreError>;

    /// Bytes that nobody keeps but the runs that may be deleted, all of them together.
    async fn freeable(&self) -> Result<u64, StoreError>;

    /// Bytes that the runs of each account keep which may be deleted, whoever keeps them as well.
    async fn deletable_bytes(&self) -> Result<BTreeMap<AccountName, u64>, StoreError>;

    /// Takes down that a host was seen at work for `passed` more. All ages count this time, and no
    /// other: neither a clock that jumps nor a host that is off makes anything old.
    async fn observe(&self, passed: Duration) -> Result<(), StoreError>;

    /// True when this host is to collect what is old: of those that share the store, one does so within `time`.
    async fn begin_collecting(&self, _time: Duration) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// Deletes an ended run and tells of it in `deletions`, in one durable transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`] when it may not be deleted.
    async fn delete(&self, run: RunId, at: Timestamp, why: &str) -> Result<(), StoreError>;

    /// Lets go of what calls of runs that ended at least `age` ago left; gives the number of files.
    async fn let_go(&self, left: Left, age: Duration) -> Result<usize, StoreError>;

    /// Forgets sweeps that ended at least `age` ago and have no runs any more; gives their number.
    async fn forget_sweeps(&self, age: Duration) -> Result<usize, StoreError>;

    /// Those of `blobs` that a run, a sweep or a plugin shows.
    async fn shown(&self, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError>;
}

/// What the calls of a run leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// What the commands printed.
    Logs,
    /// The files they left. Those kept with the report stay.
    Outputs,
}
