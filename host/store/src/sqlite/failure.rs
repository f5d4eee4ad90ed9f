//! What SQLite says went wrong, in the port's words.

use rusqlite::ErrorCode;

use crate::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        of(&error)
    }
}

/// The port's error for one that many callers share.
pub(super) fn of(error: &rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::QueryReturnedNoRows => StoreError::NotFound,
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => StoreError::Corrupt(error.to_string()),
        _ => match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                StoreError::Unwritable(error.to_string())
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Corrupt(error.to_string())
            }
            _ => StoreError::Failed(error.to_string()),
        },
    }
}

pub(super) fn stopped() -> StoreError {
    StoreError::Failed("the store has stopped".to_owned())
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn failure(code: i32) -> StoreError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
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
}
