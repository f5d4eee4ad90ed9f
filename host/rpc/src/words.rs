//! Errors of the ports as they travel.

use std::io::{Error, ErrorKind};

use bytes::Bytes;
use simulay_containers::ContainerError;
use simulay_model::Chain;
use tonic::Status;

use crate::proto::Failure;
use crate::proto::failure::Kind;

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::StorageFull => Kind::StorageFull,
            ErrorKind::InvalidData => Kind::InvalidData,
            _ => Kind::Other,
        };
        Self { kind: kind.into(), message: Chain(error).to_string() }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind() {
            Kind::NotFound => ErrorKind::NotFound,
            Kind::StorageFull => ErrorKind::StorageFull,
            Kind::InvalidData => ErrorKind::InvalidData,
            Kind::Other | Kind::Unspecified => ErrorKind::Other,
        };
        Self::new(kind, failure.message)
    }
}

/// What `told` came to, and the error as it travels: empty when there is none.
pub(crate) fn parted<T: Default>(told: Result<T, ContainerError>) -> Result<(T, Bytes), Status> {
    match told {
        Ok(told) => Ok((told, Bytes::new())),
        Err(error) => {
            let error = serde_json::to_vec(&error).map_err(|error| Status::internal(error.to_string()))?;
            Ok((T::default(), error.into()))
        }
    }
}

/// The error that travelled as `error`, when there is one.
pub(crate) fn joined(error: &[u8]) -> Result<(), ContainerError> {
    if error.is_empty() {
        return Ok(());
    }
    let unknown = |error| ContainerError::Unavailable(format!("its error cannot be understood: {error}"));
    Err(serde_json::from_slice(error).unwrap_or_else(unknown))
}

/// What a status says of why there is no answer.
pub(crate) fn told(status: &Status) -> String {
    format!("{:?}: {}", status.code(), Chain(status))
}
