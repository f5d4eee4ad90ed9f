//! What can go wrong with what is stored.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use simulay_model::{PluginRefusal, QuotaExceeded, Refusal};

/// What a store failed with, in the words of its technology.
pub type Cause = Box<dyn Error + Send + Sync>;

/// One variant per cause a caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Other bytes go by the same name and version.
    #[error("this version exists already with other bytes; give the new one another version")]
    VersionExists,
    /// The name is taken: an account has it, or it is that of a plugin of another account.
    #[error("another account has this name; choose another")]
    NameTaken,
    /// Another run goes by this id.
    #[error("a run with this id exists")]
    RunExists,
    /// The account would use more than it may; nothing is stored.
    #[error(transparent)]
    QuotaExceeded(#[from] QuotaExceeded),
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
    /// A result that was to be taken is not offered any more; nothing is stored.
    #[error("the result that was to be taken is not there any more")]
    NotOffered,
    /// The disk is full.
    #[error("no space is left for records")]
    Full,
    /// The disk takes nothing: it is read-only or fails.
    #[error("records cannot be written")]
    Unwritable(#[source] Cause),
    /// Stored bytes are not what they were: which.
    #[error("stored records are damaged")]
    Corrupt(#[source] Cause),
    /// The database does not answer for now, or others kept it busy: nothing is known to be stored, and waiting may help.
    #[error("the store of records does not answer")]
    Unavailable(#[source] Cause),
    /// The database or the disk failed.
    #[error("the store of records failed")]
    Failed(#[source] Cause),
}

/// The disk fails; the kind of this error has no name in the standard library.
const EIO: i32 = 5;

/// A store that does not hold all yet of what it takes in.
#[derive(Debug, thiserror::Error)]
#[error(
    "what {0} holds is not moved here whole yet; run the same `simulay migrate` again, which goes on where it was"
)]
struct Unfinished(String);

/// A file or directory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be used", place.display())]
struct Unusable {
    place: PathBuf,
    source: io::Error,
}

impl StoreError {
    /// Why no host opens a store that takes in what `source` holds.
    #[must_use]
    pub fn unfinished(source: &str) -> Self {
        Self::Failed(Unfinished(source.to_owned()).into())
    }

    /// Why a store takes nothing in that takes in what `begun` holds.
    #[must_use]
    pub fn begun_with(begun: &str) -> Self {
        Self::Conflict(format!("it is being filled with what {begun} holds"))
    }

    /// Why a store takes nothing in that holds something.
    #[must_use]
    pub fn not_empty() -> Self {
        let cure = "move before the first start of `simulay api` or `simulay serve`, or name another place";
        Self::Conflict(format!("something is stored there, if only that a server started; {cure}"))
    }

    /// True when the store takes in what another holds: whoever waits for the end of that may open it.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        matches!(self, Self::Failed(cause) if cause.is::<Unfinished>())
    }

    /// What work on the file or directory `place` failed with.
    #[must_use]
    pub fn of_file(place: &Path, source: io::Error) -> Self {
        let (kind, code) = (source.kind(), source.raw_os_error());
        let unusable = Unusable { place: place.to_owned(), source };
        match kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::Unwritable(unusable.into()),
            _ if code == Some(EIO) => Self::Unwritable(unusable.into()),
            _ => Self::Failed(unusable.into()),
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
