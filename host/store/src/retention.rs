//! What is kept no longer.

use std::collections::HashSet;
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{Digest, RunId};

use crate::StoreError;

/// Records that are kept no longer.
#[async_trait]
pub trait Retention: Send + Sync {
    /// At most `limit` runs that ended before `before` and may be deleted, from the one that ended
    /// first. One that a remembered request tells of may not.
    async fn ended(&self, before: Timestamp, limit: u32) -> Result<Vec<RunId>, StoreError>;

    /// Bytes of the blobs that only this run shows.
    async fn own_bytes(&self, run: RunId) -> Result<u64, StoreError>;

    /// Deletes an ended run and tells of it in `deletions`, in one durable transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`] when it may not be deleted.
    async fn delete(&self, run: RunId, at: Timestamp, why: &str) -> Result<(), StoreError>;

    /// Lets go of what calls of runs that ended before `before` left; gives the number of files.
    async fn let_go(&self, left: Left, before: Timestamp) -> Result<usize, StoreError>;

    /// Those of `blobs` that a run or a plugin shows.
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

/// The blobs there are.
#[async_trait]
pub trait Shelves: Send + Sync {
    /// All of them.
    async fn all(&self) -> Result<Vec<Shelved>, StoreError>;

    /// Removes a blob, unless it was touched since. False when it stays.
    async fn remove(&self, blob: Digest, since: SystemTime) -> Result<bool, StoreError>;
}

/// A blob that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shelved {
    /// Its address.
    pub blob: Digest,
    /// Bytes.
    pub size: u64,
    /// When it was stored, or named by a request, last.
    pub touched: SystemTime,
}
