//! What MongoDB says went wrong, in the port's words.

use mongodb::error::{Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR};
pub(crate) use simulay_mongo::{DUPLICATE_KEY, bounded};
use simulay_mongo::{cause, is_away, is_duplicate, is_full};
use simulay_store::StoreError;

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
            Failure::Again(error) => Self::Unavailable(error.into()),
            Failure::Driver(error) if is_full(&error) => Self::Full,
            Failure::Driver(error) if is_transient(&error) || is_away(&error) => {
                Self::Unavailable(cause(error))
            }
            Failure::Driver(error) => match *error.kind {
                ErrorKind::Bson(_) => Self::Corrupt(error.into()),
                _ => Self::Failed(cause(error)),
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
            Self::Driver(error) if is_duplicate(&error) => Self::Again(error),
            other => other,
        }
    }

    /// True when a unique index refused the write.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Driver(error) if is_duplicate(error))
    }

    /// True when the transaction did nothing and may succeed when it is tried again.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Driver(error) => is_transient(error),
            Self::Again(_) => true,
            Self::Port(_) => false,
        }
    }
}

/// True of a transaction that others were in the way of.
fn is_transient(error: &Error) -> bool {
    error.contains_label(TRANSIENT_TRANSACTION_ERROR)
}
