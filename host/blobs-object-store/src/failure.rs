//! What goes wrong with files and objects, in the port's words.

use std::io;
use std::path::{Path, PathBuf};

use simulay_blobs::BlobError;

/// How the object store calls itself where it keeps files.
const FILES: &str = "LocalFileSystem";

/// A file or directory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be used", place.display())]
struct Unusable {
    place: PathBuf,
    source: io::Error,
}

/// What work on `place` failed with.
pub(crate) fn of_file(place: &Path, source: io::Error) -> BlobError {
    BlobError::of(Unusable { place: place.to_owned(), source })
}

/// What the object store failed with.
pub(crate) fn of_object(error: object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { .. } => BlobError::NotFound,
        error => of_store(error),
    }
}

/// A bucket fails so when it is not reached; nothing else, such as a bucket that is not there or credentials that are
/// wrong, passes.
fn of_store(error: object_store::Error) -> BlobError {
    let is_away = matches!(&error, object_store::Error::Generic { store, .. } if *store != FILES);
    match BlobError::of(error) {
        BlobError::Failed(cause) if is_away => BlobError::Unavailable(cause),
        other => other,
    }
}

/// Does what may block on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(BlobError::of)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn what_the_disk_says_is_found_behind_what_the_object_store_says() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let generic = object_store::Error::Generic { store: "test", source: Box::new(full) };
        assert!(matches!(of_object(generic), BlobError::Full));
    }

    #[test]
    fn the_place_and_the_cause_are_kept() {
        let failed = of_file(Path::new("/data/blobs"), io::ErrorKind::PermissionDenied.into());
        let place = failed.source().unwrap();
        assert_eq!(place.to_string(), "/data/blobs cannot be used");
        assert!(place.source().unwrap().is::<io::Error>());
    }
}
