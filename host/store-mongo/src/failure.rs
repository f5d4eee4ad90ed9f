//! What MongoDB says went wrong, in the port's words.

use std::time::Duration;

use mongodb::error::{Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, WriteFailure};
use simulay_store::StoreError;
use tokio::time::timeout;

/// No answer for so long is none: longer than any try again. The driver itself waits for ever for a server that is
/// there and silent.
const GONE: Duration = Duration::from_secs(30);

/// The codes of errors that mean something here.
pub(crate) const DUPLICATE_KEY: i32 = 11000;
const OUT_OF_DISK_SPACE: i32 = 14031;
/// The server ends, or another one is the primary by now.
const CHANGING: [i32; 7] = [91, 189, 10107, 11600, 11602, 13435, 13436];

/// What work with the driver fails with: an error of its own, which may ask for another try, or one of the port.
#[derive(Debug)]
pub(crate) enum Failure {
    Driver(Error),
    Port(StoreError),
    /// Someone else was first: the transaction is to look again.
    Again(Error),
}

/// What work with the driver gives.
pub(crate) type MongoResult<T> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Port(error)
    }
}

impl From<mongodb::bson::error::Error> for Failure {
    fn from(error: mongodb::bson::error::Error) -> Self {
        Self::Port(StoreError::Corrupt(error.into()))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Port(error) => error,
            Failure::Again(error) => Self::Failed(error.into()),
            Failure::Driver(error) if code(&error) == Some(OUT_OF_DISK_SPACE) => Self::Full,
            Failure::Driver(error) if error.get_custom::<Silent>().is_some() => Self::Failed(Silent.into()),
            Failure::Driver(error) => match *error.kind {
                ErrorKind::Bson(_) => Self::Corrupt(error.into()),
                _ => Self::Failed(error.into()),
            },
        }
    }
}

impl Failure {
    /// The port's error instead, when a unique index refused the write.
    pub(crate) fn on_duplicate(self, error: StoreError) -> Self {
        if self.is_duplicate() { Self::Port(error) } else { self }
    }

    /// Another try of the transaction instead, when a unique index refused the write.
    pub(crate) fn once_more(self) -> Self {
        match self {
            Self::Driver(error) if code(&error) == Some(DUPLICATE_KEY) => Self::Again(error),
            other => other,
        }
    }

    /// True when a unique index refused the write.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Driver(error) if code(error) == Some(DUPLICATE_KEY))
    }

    /// True when the transaction did nothing and may succeed when it is tried again.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Driver(error) => error.contains_label(TRANSIENT_TRANSACTION_ERROR),
            Self::Again(_) => true,
            Self::Port(_) => false,
        }
    }
}

/// What `work` gives, unless the server does not answer.
pub(crate) async fn bounded<T, E: From<Error>>(work: impl IntoFuture<Output = Result<T, E>>) -> Result<T, E> {
    timeout(GONE, work.into_future()).await.unwrap_or_else(|_| Err(Error::custom(Silent).into()))
}

/// The server did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the MongoDB server does not answer")]
struct Silent;

/// True of what a store failed with because the server is away for now: it was not found, or changes its state. Waiting
/// may help then, and helps against nothing else.
#[must_use]
pub fn is_away(error: &StoreError) -> bool {
    let StoreError::Failed(cause) = error else { return false };
    cause.is::<Silent>() || cause.downcast_ref().is_some_and(is_unreached)
}

fn is_unreached(error: &Error) -> bool {
    let unreached = matches!(
        *error.kind,
        ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::DnsResolve { .. }
    );
    unreached || code(error).is_some_and(|code| CHANGING.contains(&code))
}

/// The server's code of an error.
fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => error.write_errors.as_ref()?.first().map(|error| error.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_fails_what_is_asked_of_it() {
        let failed: Failure = bounded(std::future::pending::<MongoResult<()>>()).await.unwrap_err();
        let failed = StoreError::from(failed);
        assert!(is_away(&failed));
        let StoreError::Failed(why) = failed else { panic!("another failure") };
        assert_eq!(why.to_string(), "the MongoDB server does not answer");
    }
}
