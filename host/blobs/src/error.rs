//! What can go wrong with blobs.

use std::error::Error;
use std::io;

use simulay_model::Digest;

/// What a store of blobs failed with, in the words of its technology.
pub type Cause = Box<dyn Error + Send + Sync>;

/// One variant per cause a caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("there is no such blob")]
    NotFound,
    /// No space is left.
    #[error("no space is left for blobs")]
    Full,
    /// Nothing can be stored: the place of the blobs is read-only or fails.
    #[error("blobs cannot be written")]
    Unwritable(#[source] Cause),
    /// The bytes of a blob are not what they were: which.
    #[error("the blob {0} is damaged")]
    Corrupt(Digest),
    /// The storage does not answer for now: waiting may help.
    #[error("the store of blobs does not answer")]
    Unavailable(#[source] Cause),
    /// The store of blobs failed.
    #[error("the store of blobs failed")]
    Failed(#[source] Cause),
}

/// The disk fails; the kind of this error has no name in the standard library.
const EIO: i32 = 5;

impl BlobError {
    /// What work on blobs failed with: an I/O error among its causes tells what a caller can act on.
    #[must_use]
    pub fn of(error: impl Error + Send + Sync + 'static) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(present) = cause {
            match present.downcast_ref::<io::Error>() {
                Some(io) if is_full(io) => return Self::Full,
                Some(io) if is_unwritable(io) => return Self::Unwritable(error.into()),
                _ => cause = present.source(),
            }
        }
        Self::Failed(error.into())
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn is_unwritable(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ReadOnlyFilesystem || error.raw_os_error() == Some(EIO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_kind(kind: io::ErrorKind) -> BlobError {
        BlobError::of(io::Error::from(kind))
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        assert!(matches!(of_kind(io::ErrorKind::StorageFull), BlobError::Full));
        assert!(matches!(of_kind(io::ErrorKind::ReadOnlyFilesystem), BlobError::Unwritable(_)));
        let broken = BlobError::of(io::Error::from_raw_os_error(EIO));
        assert!(matches!(broken, BlobError::Unwritable(_)));
        assert!(matches!(of_kind(io::ErrorKind::PermissionDenied), BlobError::Failed(_)));
    }
}
