//! Where the content of the run's artifacts is read: from the host, or from a test's memory.

use crate::bindings::simulay::plugin::artifacts as host;

pub use crate::bindings::simulay::plugin::artifacts::ReadError;

/// Content of the run's artifacts.
pub trait Artifacts {
    /// Up to `length` bytes from `offset`; fewer at the end, none past it.
    ///
    /// # Errors
    /// When it is no artifact of the run, or `length` is over the host's limit.
    fn read(&self, sha256: &str, offset: u64, length: u64) -> Result<Vec<u8>, ReadError>;
}

/// The artifacts of the run the plugin is called for.
pub struct HostArtifacts;

impl Artifacts for HostArtifacts {
    fn read(&self, sha256: &str, offset: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        host::read(sha256, offset, length)
    }
}
