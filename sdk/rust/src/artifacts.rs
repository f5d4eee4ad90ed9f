//! Reading the run's artifacts: from the host, or from memory in tests.

use crate::Artifact;
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
pub(crate) struct HostArtifacts;

impl Artifacts for HostArtifacts {
    fn read(&self, sha256: &str, offset: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        host::read(sha256, offset, length)
    }
}

/// Artifacts in memory, for unit tests of a plugin.
#[derive(Debug, Clone, Default)]
pub struct MemoryArtifacts {
    contents: Vec<Vec<u8>>,
}

impl MemoryArtifacts {
    /// Adds a file; its digest is a stand-in, right in form and unique.
    pub fn add(&mut self, path: &str, content: impl Into<Vec<u8>>) -> Artifact {
        let content = content.into();
        let artifact = Artifact {
            path: path.to_owned(),
            size: content.len() as u64,
            sha256: format!("{:064x}", self.contents.len()),
            media_type: "application/octet-stream".to_owned(),
        };
        self.contents.push(content);
        artifact
    }
}

impl Artifacts for MemoryArtifacts {
    fn read(&self, sha256: &str, offset: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        let index = usize::from_str_radix(sha256, 16).map_err(|_| ReadError::NotFound)?;
        let content = self.contents.get(index).ok_or(ReadError::NotFound)?;
        let bytes = content.iter().skip(bound(offset)).take(bound(length));
        Ok(bytes.copied().collect())
    }
}

fn bound(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_ends_with_the_content() {
        let mut artifacts = MemoryArtifacts::default();
        artifacts.add("other", "zzz");
        let artifact = artifacts.add("a", "hello");
        assert_eq!(artifacts.read(&artifact.sha256, 1, 3).unwrap(), b"ell");
        assert_eq!(artifacts.read(&artifact.sha256, 4, 9).unwrap(), b"o");
        assert!(artifacts.read(&artifact.sha256, 5, 9).unwrap().is_empty());
        assert!(artifacts.read("ff", 0, 1).is_err());
    }
}
