//! Between fields of documents and domain types.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document};
use simulay_store::StoreError;
use simulay_store::documents::{self, Stored};

use crate::failure::{Failure, MongoResult};

pub(crate) fn text<'a>(document: &'a Document, field: &str) -> MongoResult<&'a str> {
    document.get_str(field).map_err(|error| damaged(field, error))
}

pub(crate) fn parsed<T: FromStr<Err: Display>>(document: &Document, field: &str) -> MongoResult<T> {
    text(document, field)?.parse().map_err(|error| damaged(field, error))
}

/// None when the field is not there.
pub(crate) fn optional<T: FromStr<Err: Display>>(document: &Document, field: &str) -> MongoResult<Option<T>> {
    is_there(document, field).then(|| parsed(document, field)).transpose()
}

pub(crate) fn json<T: Stored>(document: &Document, field: &str) -> MongoResult<T> {
    documents::read(text(document, field)?).map_err(|error| damaged(field, error))
}

/// None when the field is not there.
pub(crate) fn optional_json<T: Stored>(document: &Document, field: &str) -> MongoResult<Option<T>> {
    is_there(document, field).then(|| json(document, field)).transpose()
}

/// A number that is not negative, as large as its type takes.
pub(crate) fn number<T: TryFrom<i64, Error: Display>>(document: &Document, field: &str) -> MongoResult<T> {
    let number = match document.get(field) {
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Int32(number)) => i64::from(*number),
        other => return Err(damaged(field, format_args!("{other:?} is no whole number"))),
    };
    number.try_into().map_err(|error| damaged(field, error))
}

/// False when the field is not there.
pub(crate) fn flag(document: &Document, field: &str) -> MongoResult<bool> {
    match document.get(field) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| damaged(field, "it is neither true nor false")),
    }
}

/// Numbers of MongoDB are signed; sizes and sequences are not.
pub(crate) fn signed(number: u64) -> MongoResult<i64> {
    i64::try_from(number)
        .map_err(|_| StoreError::Failed(format!("{number} is too large to be stored").into()).into())
}

/// A domain value as the text of a field.
pub(crate) fn to_json(value: &impl Stored) -> MongoResult<String> {
    documents::write(value).map_err(unwritable)
}

/// A time as a text that is compared as times are. Earlier versions left zeros out: theirs are a second off at most.
pub(crate) fn sortable(at: Timestamp) -> String {
    format!("{at:.9}")
}

pub(crate) fn is_there(document: &Document, field: &str) -> bool {
    !matches!(document.get(field), None | Some(Bson::Null))
}

pub(crate) fn unwritable(error: serde_json::Error) -> Failure {
    StoreError::Failed(error.into()).into()
}

pub(crate) fn damaged(field: &str, error: impl Display) -> Failure {
    StoreError::Corrupt(format!("field `{field}`: {error}").into()).into()
}
