//! What can go wrong with what is stored.

use std::fmt::Display;
use std::io;

use simulay_model::{PluginRefusal, Refusal};

/// One variant per cause a caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Other bytes go by the same name and version.
    #[error("this version exists already with other bytes; give the new one another version")]
    VersionExists,
    /// The name of the plugin is another owner's.
    #[error("another account has a plugin of this name; choose another")]
    NameTaken,
    /// Another run goes by this id.
    #[error("a run with this id exists")]
    RunExists,
    /// The request came before.
    #[error("the request came before")]
    Repeated,
    /// The run has ended; nothing follows.
    #[error("the run has ended")]
    Ended,
    /// The run or the plugin has moved on since: what is to be stored was decided on less than happened.
    #[error("what is stored has moved on since the change was decided on")]
    Stale,
    /// What is to be stored contradicts what is: how.
    #[error("the change contradicts what is stored: {0}")]
    Conflict(String),
    /// Another host has taken the run over.
    #[error("another host has taken the run over")]
    Fenced,
    /// The disk is full.
    #[error("no space is left in the data directory")]
    Full,
    /// The disk takes nothing: it is read-only or fails.
    #[error("the data directory cannot be written: {0}")]
    Unwritable(String),
    /// Stored bytes are not what they were: which.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// The database or the disk failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// The disk fails; the kind of this error has no name in the standard library.
const EIO: i32 = 5;

impl StoreError {
    /// What a write to the disk failed with.
    #[must_use]
    pub fn of_disk(error: &io::Error) -> Self {
        Self::of_io("the data directory", error)
    }

    /// What reading or writing `place` failed with.
    #[must_use]
    pub fn of_io(place: impl Display, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::Unwritable(format!("{place} is mounted read-only")),
            _ if error.raw_os_error() == Some(EIO) => Self::Unwritable(format!("{place}: {error}")),
            _ => Self::Failed(format!("{place} cannot be used: {error}")),
        }
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Ended => Self::Ended,
            Refusal::Contradiction(how) => Self::Conflict(how),
        }
    }
}

impl From<PluginRefusal> for StoreError {
    fn from(refusal: PluginRefusal) -> Self {
        Self::Conflict(refusal.to_string())
    }
}
