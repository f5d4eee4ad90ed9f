//! What goes wrong with MongoDB, in the port's words.

use mongodb::error::{Error, ErrorKind, WriteFailure};
use simulay_blobs::BlobError;

/// The disk of the server is full.
const OUT_OF_DISK_SPACE: i32 = 14031;
/// A unique index has such a key already.
const DUPLICATE_KEY: i32 = 11000;

/// What work in MongoDB failed with.
pub(crate) fn of_mongo(error: Error) -> BlobError {
    if code(&error) == Some(OUT_OF_DISK_SPACE) { BlobError::Full } else { BlobError::Failed(error.into()) }
}

/// True when a unique index refused a write.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => Some(concern.code),
        ErrorKind::InsertMany(many) => many.write_errors.as_ref()?.first().map(|write| write.code),
        _ => None,
    }
}

/// A number that MongoDB does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a number beyond what MongoDB holds")]
pub(crate) struct TooLarge(pub(crate) u64);

/// `number` as MongoDB holds it.
pub(crate) fn int(number: u64) -> Result<i64, BlobError> {
    i64::try_from(number).map_err(|_| BlobError::of(TooLarge(number)))
}
