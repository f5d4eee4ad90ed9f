//! What goes wrong with MongoDB, in the port's words.

use futures_util::TryStreamExt as _;
use mongodb::Cursor;
use mongodb::error::Error;
use serde::de::DeserializeOwned;
use simulay_blobs::BlobError;
pub(crate) use simulay_mongo::{bounded, is_duplicate};
use simulay_mongo::{cause, is_away, is_full};

/// What work in MongoDB failed with.
pub(crate) fn of_mongo(error: Error) -> BlobError {
    match error {
        error if is_full(&error) => BlobError::Full,
        error if is_away(&error) => BlobError::Unavailable(cause(error)),
        error => BlobError::Failed(cause(error)),
    }
}

/// All that a cursor gives; each look for more is bounded.
pub(crate) async fn all<T: DeserializeOwned + Send>(mut cursor: Cursor<T>) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    while let Some(one) = bounded(cursor.try_next()).await? {
        all.push(one);
    }
    Ok(all)
}

/// A number that MongoDB does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a number beyond what MongoDB holds")]
pub(crate) struct TooLarge(pub(crate) u64);

/// `number` as MongoDB holds it.
pub(crate) fn int(number: u64) -> Result<i64, BlobError> {
    i64::try_from(number).map_err(|_| BlobError::of(TooLarge(number)))
}
