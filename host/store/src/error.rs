//! What can go wrong with what is stored.

/// One variant per cause a caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Other bytes go by the same name and version.
    #[error("this version exists already with other bytes; give the new one another version")]
    VersionExists,
    /// The run has ended; nothing follows.
    #[error("the run has ended")]
    Ended,
    /// The change contradicts what is stored: how.
    #[error("the change contradicts the journal: {0}")]
    Conflict(String),
    /// The disk is full.
    #[error("no space is left in the data directory")]
    Full,
    /// Stored bytes are not what they were: which.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// The database or the disk failed.
    #[error("the store failed: {0}")]
    Failed(String),
}
