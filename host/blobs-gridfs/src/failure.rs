//! What goes wrong with MongoDB, in the port's words.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use mongodb::Cursor;
use mongodb::error::{Error, ErrorKind, WriteFailure};
use serde::de::DeserializeOwned;
use simulay_blobs::BlobError;
use tokio::time::timeout;

/// No answer for so long is none. The driver itself waits for ever for a server that is there and silent.
const GONE: Duration = Duration::from_secs(30);

/// The disk of the server is full.
const OUT_OF_DISK_SPACE: i32 = 14031;
/// The server ends, or another one is the primary by now.
const CHANGING: [i32; 7] = [91, 189, 10107, 11600, 11602, 13435, 13436];
/// A unique index has such a key already.
const DUPLICATE_KEY: i32 = 11000;

/// What work in MongoDB failed with.
pub(crate) fn of_mongo(error: Error) -> BlobError {
    if error.get_custom::<Silent>().is_some() {
        return BlobError::of(Silent);
    }
    if code(&error) == Some(OUT_OF_DISK_SPACE) { BlobError::Full } else { BlobError::Failed(error.into()) }
}

/// What `work` gives, unless the server does not answer.
pub(crate) async fn bounded<T>(work: impl IntoFuture<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(GONE, work.into_future()).await.unwrap_or_else(|_| Err(Error::custom(Silent)))
}

/// All that a cursor gives; each look for more is bounded.
pub(crate) async fn all<T: DeserializeOwned + Send>(mut cursor: Cursor<T>) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    while let Some(one) = bounded(cursor.try_next()).await? {
        all.push(one);
    }
    Ok(all)
}

/// True when a unique index refused a write.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

/// True of what the blobs failed with because the server is away for now: waiting may help then, and helps against
/// nothing else.
#[must_use]
pub fn is_away(error: &BlobError) -> bool {
    let BlobError::Failed(cause) = error else { return false };
    cause.is::<Silent>() || cause.downcast_ref().is_some_and(is_unreached)
}

fn is_unreached(error: &Error) -> bool {
    let unreached = matches!(
        *error.kind,
        ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }
    );
    unreached || code(error).is_some_and(|code| CHANGING.contains(&code))
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

/// The server did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the MongoDB server does not answer")]
struct Silent;

/// A number that MongoDB does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a number beyond what MongoDB holds")]
pub(crate) struct TooLarge(pub(crate) u64);

/// `number` as MongoDB holds it.
pub(crate) fn int(number: u64) -> Result<i64, BlobError> {
    i64::try_from(number).map_err(|_| BlobError::of(TooLarge(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_fails_what_is_asked_of_it() {
        let never = std::future::pending::<Result<(), Error>>();
        let failed = of_mongo(bounded(never).await.unwrap_err());
        assert!(is_away(&failed));
        let BlobError::Failed(why) = failed else { panic!("{failed}") };
        assert_eq!(why.to_string(), "the MongoDB server does not answer");
    }
}
