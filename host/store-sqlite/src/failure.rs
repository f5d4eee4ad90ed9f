//! What SQLite says went wrong, in the port's words.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use rusqlite::ErrorCode;
use simulay_model::Chain;
use simulay_store::StoreError;

/// What work on a connection fails with: an error of SQLite, in the port's words already, or one of the port.
#[derive(Debug)]
pub(crate) struct SqlError(StoreError);

/// What work on a connection gives.
pub(crate) type SqlResult<T> = Result<T, SqlError>;

impl Display for SqlError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Chain(&self.0).fmt(formatter)
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        Self(of(Arc::new(error)))
    }
}

impl From<StoreError> for SqlError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<SqlError> for StoreError {
    fn from(SqlError(error): SqlError) -> Self {
        error
    }
}

/// The port's error for one that callers may share.
pub(crate) fn of(error: Arc<rusqlite::Error>) -> StoreError {
    match *error {
        rusqlite::Error::QueryReturnedNoRows => StoreError::NotFound,
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => StoreError::Corrupt(error.into()),
        _ => match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                StoreError::Unwritable(error.into())
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(error.into()),
            _ => StoreError::Failed(error.into()),
        },
    }
}

pub(crate) fn stopped() -> StoreError {
    StoreError::Failed("the store has stopped".into())
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use rusqlite::ffi;

    use super::*;

    fn failure(code: i32) -> StoreError {
        SqlError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).into()
    }

    #[test]
    fn full_disks_and_damage_are_told_apart() {
        assert!(matches!(failure(ffi::SQLITE_FULL), StoreError::Full));
        for code in [ffi::SQLITE_READONLY, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_CANTOPEN] {
            assert!(matches!(failure(code), StoreError::Unwritable(_)), "{code}");
        }
        assert!(matches!(failure(ffi::SQLITE_CORRUPT), StoreError::Corrupt(_)));
        assert!(matches!(failure(ffi::SQLITE_NOTADB), StoreError::Corrupt(_)));
        assert!(matches!(failure(ffi::SQLITE_BUSY), StoreError::Failed(_)));
    }

    #[test]
    fn what_sqlite_said_is_kept() {
        let failed = failure(ffi::SQLITE_BUSY);
        let said = failed.source().unwrap().to_string();
        assert!(said.contains("locked"), "{said}");
    }
}
