//! An I/O error between processes: its words, and its kind as far as anyone acts on it.

use std::io::{Error, ErrorKind};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use simulay_model::Chain;

#[derive(Serialize, Deserialize)]
struct Told {
    kind: Kind,
    message: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    NotFound,
    StorageFull,
    InvalidData,
    Other,
}

pub(super) fn serialize<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    Told { kind: error.kind().into(), message: Chain(error).to_string() }.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Error, D::Error> {
    let Told { kind, message } = Told::deserialize(deserializer)?;
    Ok(Error::new(kind.into(), message))
}

impl From<ErrorKind> for Kind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::StorageFull => Self::StorageFull,
            ErrorKind::InvalidData => Self::InvalidData,
            _ => Self::Other,
        }
    }
}

impl From<Kind> for ErrorKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::NotFound => Self::NotFound,
            Kind::StorageFull => Self::StorageFull,
            Kind::InvalidData => Self::InvalidData,
            Kind::Other => Self::Other,
        }
    }
}
