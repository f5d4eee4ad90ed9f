//! Why an archive is refused.

use std::io;

use simulay_model::PathError;

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Of no format that is taken.
    #[error("the bytes are neither a tar, a tar.gz nor a zip archive")]
    Unknown,
    /// Cut short, or not what its checksums say.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// A name that no file here can have.
    #[error("`{path}`: {rule}")]
    Name {
        /// As the archive has it.
        path: String,
        /// The rule it breaks.
        rule: PathError,
    },
    /// Two files of one name.
    #[error("`{0}` is in the archive twice")]
    Twice(String),
    /// A file where another has a folder.
    #[error("`{0}` is a file, and a folder of another file")]
    FileAndFolder(String),
    /// Neither file, folder nor link.
    #[error("`{path}` is {what}; only files, folders and links are taken")]
    Special {
        /// As the archive has it.
        path: String,
        /// In words.
        what: &'static str,
    },
    /// Nobody here has the key.
    #[error("`{0}` is encrypted")]
    Encrypted(String),
    /// Compressed in a way that is not taken.
    #[error("`{path}` is compressed with {method}; only deflate is taken")]
    Method {
        /// As the archive has it.
        path: String,
        /// Name or number.
        method: String,
    },
    /// Two places of the archive say different things of one file.
    #[error("`{path}`: the archive tells its {what} twice, and not the same")]
    Contradiction {
        /// As the archive has it.
        path: String,
        /// What is told.
        what: &'static str,
    },
    /// Two files share bytes of the archive.
    #[error("`{0}` lies over another part of the archive")]
    Overlap(String),
    /// More than [`crate::Bounds::files`].
    #[error("the archive has more than {0} files, or folders")]
    Files(usize),
    /// More than [`crate::Bounds::bytes`].
    #[error("the archive has more than {0} bytes, as it is sent or when it is unpacked")]
    Bytes(u64),
    /// More than [`crate::Bounds::file_bytes`].
    #[error("`{path}` has more than {limit} bytes")]
    FileBytes {
        /// As the archive has it.
        path: String,
        /// The bound.
        limit: u64,
    },
    /// The bytes of a file were not taken.
    #[error("a file of the archive cannot be stored")]
    Shelf(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<io::Error> for ArchiveError {
    /// Readers pass our own errors on as I/O errors; all others are faults of the archive.
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(|error| Self::Damaged(error.to_string()))
    }
}

impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        Self::other(error)
    }
}

impl From<rawzip::Error> for ArchiveError {
    fn from(error: rawzip::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}
