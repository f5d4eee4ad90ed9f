//! Where the bytes of files go.

use std::io::Read;

use simulay_model::Digest;

use crate::ArchiveError;

/// Takes the bytes of one file after another.
pub trait Shelf {
    /// Takes all of `content`, and tells its address and size.
    ///
    /// # Errors
    /// What reading `content` gave, or [`ArchiveError::Shelf`].
    fn store(&mut self, content: &mut dyn Read) -> Result<(Digest, u64), ArchiveError>;
}
